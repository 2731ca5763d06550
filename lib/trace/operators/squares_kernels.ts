/**
 * The kernels of `random.ts` by squares, in products, sums and shifts of uint64:
 * what CUDA has kernels for too, where a shift is a division.
 *
 * @module
 */

import { type DType, toTyped } from "../../numeric/tensor.ts";
import type { Words } from "../../numeric/threefry.ts";
import { type Graph, GraphBuilder, type Node, type Value } from "../graph.ts";
import { nodesFor } from "../graph_walk.ts";
import { rewrite } from "../rewrite.ts";
import { type Attrs, concat } from "./kernels.ts";
import { binary, cast, reshape, slice } from "./lowering.ts";
import { counterOf, LEVELS, STEP_STRIDE } from "./random_counters.ts";

/**
 * A mask that is written later, together with the others of its step: no operator
 * of ONNX's, so no file may hold it.
 */
const KEEP_MASK = "KeepMask";
const LANES = 2;

const uint64 = (
  g: GraphBuilder,
  values: readonly bigint[],
  shape: readonly number[] = [],
) => g.constant("uint64", shape, BigUint64Array.from(values));

const add = (g: GraphBuilder, a: Value, b: Value) => binary(g, "Add", a, b);
const multiply = (g: GraphBuilder, a: Value, b: Value) =>
  binary(g, "Mul", a, b);
const timesPower = (g: GraphBuilder, x: Value, places: number) =>
  multiply(g, x, uint64(g, [2n ** BigInt(places)]));
const shiftRight = (g: GraphBuilder, x: Value, places: number) =>
  binary(g, "BitShift", x, uint64(g, [BigInt(places)]), undefined, {
    direction: "RIGHT",
  });

/**
 * The last round's numbers, whose upper 32 bits are those of squares32, of counters
 * that are sums: purpose and block, row, step. Only sums with the step are made in
 * every step, and those of a row and a block.
 *
 * @param key int32 [2], whose bits are the words.
 * @param time Integer, [].
 * @param columns Purposes and blocks, of a shape that broadcasts with that of rows.
 * @param rows Rows' parts of counters.
 */
function draw(
  g: GraphBuilder,
  key: Value,
  time: Value,
  columns: Value,
  rows: Value,
): Value {
  const words = cast(g, cast(g, key, "uint32"), "uint64");
  const [high, low] = [0, 1].map((i) => slice(g, words, [i], [1])) as [
    Value,
    Value,
  ];
  const k = reshape(g, add(g, timesPower(g, high, 32), low), []);
  const stride = multiply(g, k, uint64(g, [STEP_STRIDE]));
  const began = multiply(g, cast(g, time, "uint64"), stride);
  const y = add(
    g,
    add(g, multiply(g, columns, k), began),
    multiply(g, rows, k),
  );
  const z = add(g, y, k);
  let x = y;
  for (const added of [y, z, y]) {
    const sum = add(g, multiply(g, x, x), added);
    x = add(g, timesPower(g, sum, 32), shiftRight(g, sum, 32));
  }
  return add(g, multiply(g, x, x), z);
}

// What rows add to counters.
const rowCounters = (
  g: GraphBuilder,
  first: number,
  rows: number,
  shape: readonly number[],
) =>
  uint64(
    g,
    Array.from({ length: rows }, (_, i) => counterOf([0, 0], 0, first + i, 0)),
    shape,
  );

// The counters of a purpose's blocks in row 0 at step 0.
const blockCounters = (purpose: Words, blocks: number) =>
  Array.from(
    { length: blocks },
    (_, block) => counterOf(purpose, 0, 0, block),
  );

/** See `keepMask` of random.ts. */
export function keepMaskLater(
  g: GraphBuilder,
  key: Value,
  step: Value,
  { purpose, first, rows, width, threshold }: Attrs,
): Value {
  const attributes = { purpose, first, rows, width, threshold };
  const result = {
    dtype: "float32",
    shape: [rows, width],
    weak: true,
  } as const;
  return g.emit(KEEP_MASK, [key, step], attributes, result);
}

/** A mask's attributes. */
type Mask = {
  readonly purpose: Words;
  readonly first: number;
  readonly rows: number;
  readonly width: number;
  readonly threshold: number;
};

/** A mask, and the floating type of what it has met. */
type TypedMask = Mask & { readonly dtype: DType };

const maskOf = ({ attributes, outputs }: Node): TypedMask => ({
  ...attributes as unknown as Mask,
  dtype: outputs[0]!.dtype,
});
const blocksOf = ({ width }: Mask) => Math.ceil(width / LANES);

/**
 * Writes the masks that a trace deferred: those of the same rows, of one key and
 * step, are drawn together, whatever they are for.
 */
export function expandMasks({ inputs, outputs }: Graph): Graph {
  const masks = nodesFor(outputs.map(([, value]) => value))
    .filter(({ op }) => op === KEEP_MASK);
  if (masks.length === 0) return { inputs, outputs };
  const groups = Map.groupBy(masks, (node) => {
    const { first, rows, dtype } = maskOf(node);
    return [...node.inputs.map(({ id }) => id), first, rows, dtype].join();
  });
  const groupOf = new Map(
    [...groups.values()].flatMap((group) => group.map((node) => [node, group])),
  );
  const g = new GraphBuilder();
  const made = new Map<Node, Value>();
  return {
    inputs,
    outputs: rewrite({ outputs }, new Map(), (node, [key, step]) => {
      const group = groupOf.get(node);
      if (!group) return undefined;
      if (!made.has(node)) {
        drawTogether(g, key!, step!, group.map(maskOf))
          .forEach((mask, i) => made.set(group[i]!, mask));
      }
      return [made.get(node)!];
    }),
  };
}

// The masks of some rows. An element's column is its lane's number times the
// blocks, and its block's.
function drawTogether(
  g: GraphBuilder,
  key: Value,
  step: Value,
  masks: readonly TypedMask[],
): Value[] {
  const { first, rows, dtype } = masks[0]!;
  const counters = masks.flatMap((mask) =>
    blocksOf(mask) > 0 ? blockCounters(mask.purpose, blocksOf(mask)) : []
  );
  const all = counters.length;
  const drawn = draw(
    g,
    key,
    step,
    uint64(g, counters, [1, 1, all]),
    rowCounters(g, first, rows, [rows, 1, 1]),
  );
  // A word's upper 16 bits decide its comparison, the next another's.
  const lanes = concat(g, [drawn, timesPower(g, drawn, 16)], 1);
  const each = <T>(of: (mask: Mask) => T): T[] =>
    masks.flatMap((mask) => Array<T>(blocksOf(mask)).fill(of(mask)));
  // Where all are of one rate it is a number.
  const { threshold } = masks[0]!;
  const alike = masks.every((mask) => mask.threshold === threshold);
  const one = alike ? masks.slice(0, 1) : undefined;
  const shape = one ? [] : [1, 1, all];
  const limits = one?.map(limitOf) ?? each(limitOf);
  const scales = one?.map(scaleOf) ?? each(scaleOf);
  const kept = binary(g, "Less", lanes, uint64(g, limits, shape), "bool");
  const scaled = binary(
    g,
    "Mul",
    cast(g, kept, dtype),
    g.constant(dtype, shape, toTyped(dtype, scales)),
  );
  let at = 0;
  return masks.map((mask) => {
    const [blocks, { width }] = [blocksOf(mask), mask];
    const own = slice(g, scaled, [0, 0, at], [rows, LANES, blocks]);
    at += blocks;
    const flat = reshape(g, own, [rows, LANES * blocks]);
    return slice(g, flat, [0, 0], [rows, width]);
  });
}

const limitOf = ({ threshold }: Mask) => BigInt(threshold) * 2n ** 48n;
const scaleOf = ({ threshold }: Mask) => LEVELS / threshold;

/** See `randomOrder` of random.ts. */
export function squaresOrder(
  g: GraphBuilder,
  key: Value,
  epoch: Value,
  { purpose, length }: Attrs,
): Value {
  const drawn = draw(
    g,
    key,
    epoch,
    uint64(g, blockCounters(purpose, 2), [2, 1]),
    rowCounters(g, 0, length, [1, length]),
  );
  const bits = cast(g, shiftRight(g, drawn, 33), "int64");
  const [upper, lower] = [0, 1].map((i) =>
    reshape(g, slice(g, bits, [i, 0], [1, length]), [length])
  ) as [Value, Value];
  const power = g.constant("int64", [], BigInt64Array.of(2n ** 31n));
  const sortBy = add(g, multiply(g, upper, power), lower);
  const [, order] = g.emitMany(
    "TopK",
    [sortBy, g.ints([length])],
    { axis: -1, largest: 0, sorted: 1 },
    [sortBy, { dtype: "int64", shape: [length] }],
  );
  return order!;
}
