/**
 * The kernels of `random.ts` in ONNX operators: integers only, so that every
 * runtime makes the same bits.
 *
 * @module
 */

import { toTyped } from "../../numeric/tensor.ts";
import type { GraphBuilder, Value } from "../graph.ts";
import { type Attrs, concat } from "./kernels.ts";
import { binary, cast, like, slice } from "./lowering.ts";
import { LEVELS } from "./random_counters.ts";
import { keepMaskLater, squaresOrder } from "./squares_kernels.ts";
import {
  threefryOn,
  type WordArithmetic,
  type Words,
} from "../../numeric/threefry.ts";

// Elements of a row that are decided together.
const LANES = 4;

const word = (g: GraphBuilder, value: number) =>
  g.constant("uint32", [], Uint32Array.of(value));

const words = (g: GraphBuilder): WordArithmetic<Value> => ({
  word: (value) => word(g, value),
  add: (a, b) => binary(g, "Add", a, b),
  xor: (a, b) => binary(g, "BitwiseXor", a, b),
  // Product and sum are what ONNX Runtime does fastest: they stand for the
  // other shift and the or.
  rotate: (x, places) =>
    binary(
      g,
      "Add",
      binary(g, "Mul", x, word(g, 2 ** places)),
      shiftRight(g, x, 32 - places),
    ),
});

const shiftRight = (g: GraphBuilder, x: Value, places: number) =>
  binary(g, "BitShift", x, word(g, places), undefined, { direction: "RIGHT" });

/**
 * Random words of counters (i, time) under the key of a purpose.
 *
 * @param key int32 [2], whose bits are the words.
 * @param time Integer, [].
 * @param numbers The counters i.
 */
function draw(
  g: GraphBuilder,
  key: Value,
  time: Value,
  purpose: Words,
  shape: readonly number[],
  numbers: readonly number[],
): Words<Value> {
  const on = words(g);
  const bits = cast(g, key, "uint32");
  const [k0, k1] = [0, 1].map((i) => slice(g, bits, [i], [1]));
  const own = threefryOn(
    on,
    [k0!, k1!],
    [on.word(purpose[0]), on.word(purpose[1])],
  );
  const counters = g.constant("uint32", shape, toTyped("uint32", numbers));
  return threefryOn(on, own, [counters, cast(g, time, "uint32")]);
}

/** See `keepMask` of random.ts. */
export function keepMask(
  g: GraphBuilder,
  key: Value,
  step: Value,
  attrs: Attrs,
): Value {
  const { generator, purpose, first, rows, width, threshold } = attrs;
  if (generator === "squares") return keepMaskLater(g, key, step, attrs);
  const blocks = Math.ceil(width / LANES);
  const numbers = Array.from(
    { length: rows * blocks },
    (_, i) => first * blocks + i,
  );
  const [a, b] = draw(g, key, step, purpose, [rows, blocks], numbers);
  const low = (x: Value) => binary(g, "Mul", x, word(g, 2 ** 16));
  // A word's upper half decides its comparison, its lower half another's.
  const all = concat(g, [a, low(a), b, low(b)], 1);
  const limit = word(g, threshold * 2 ** 16);
  const kept = binary(
    g,
    "Less",
    slice(g, all, [0, 0], [rows, width]),
    limit,
    "bool",
  );
  const ones = cast(g, kept, "float32", true);
  return binary(g, "Mul", ones, like(g, ones, LEVELS / threshold));
}

/** See `randomOrder` of random.ts. */
export function randomOrder(
  g: GraphBuilder,
  key: Value,
  epoch: Value,
  attrs: Attrs,
): Value {
  const { generator, purpose, length } = attrs;
  if (generator === "squares") return squaresOrder(g, key, epoch, attrs);
  const numbers = [...Array(length).keys()];
  const [a, b] = draw(g, key, epoch, purpose, [length], numbers);
  const upper = binary(
    g,
    "Mul",
    cast(g, a, "int64"),
    g.constant("int64", [], BigInt64Array.of(2n ** 31n)),
  );
  const sortBy = binary(g, "Add", upper, cast(g, shiftRight(g, b, 1), "int64"));
  const [, order] = g.emitMany(
    "TopK",
    [sortBy, g.ints([length])],
    { axis: -1, largest: 0, sorted: 1 },
    [sortBy, { dtype: "int64", shape: [length] }],
  );
  return order!;
}
