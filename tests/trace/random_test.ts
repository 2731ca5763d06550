import { assert, assertEquals, assertThrows } from "@std/assert";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { hostTensorOf, toNumbers } from "../../lib/numeric/tensor.ts";
import { threefry2x32, type Words } from "../../lib/numeric/threefry.ts";
import { type RandomGenerator, wordsOf } from "../../lib/numeric/random.ts";
import { compile } from "../../lib/onnx/runtime/compile.ts";
import { foldConstants } from "../../lib/onnx/runtime/fold.ts";
import type { Runtime } from "../../lib/settings/devices.ts";
import { trace } from "../../lib/trace/backend.ts";
import { type Graph, newConstant } from "../../lib/trace/graph.ts";
import { nodesFor } from "../../lib/trace/graph_walk.ts";
import { withoutShifts } from "../../lib/trace/cards/shifts.ts";
import {
  type Draw,
  keepMask,
  randomOrder,
  type RowRange,
} from "../../lib/trace/random.ts";
import { vmap } from "../../lib/trace/transforms/vmap.ts";
import { valuesOf } from "../_golden.ts";
import { runGraph } from "./_graphs.ts";

// Known answers of Random123, tests/kat_vectors: counter, key, bits. They are
// those of jax.extend.random.threefry_2x32 in JAX 0.10, too.
const KNOWN: readonly [Words, Words, Words][] = [
  [[0, 0], [0, 0], [0x6b200159, 0x99ba4efe]],
  [
    [0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x1cb996fc, 0xbb002be7],
  ],
  [
    [0x243f6a88, 0x85a308d3],
    [0x13198a2e, 0x03707344],
    [0xc4923a9c, 0x483df7a0],
  ],
];

for (const [counter, key, bits] of KNOWN) {
  Deno.test(`threefry2x32() of the counter ${counter} is Random123's`, () => {
    assertEquals(threefry2x32(key, counter), bits);
  });
}

Deno.test("masks and orders by Threefry are those of 0.1", () => {
  const draw = { key: wordsOf("3:steps"), generator: "threefry" } as const;
  const [mask, order] = tf.tidy(() => [
    keepMask({ ...draw, time: 5 }, wordsOf("dropout/x"), 0.4, {
      first: 1,
      rows: 4,
    }, 10).dataSync(),
    randomOrder({ ...draw, time: 2 }, wordsOf("batches"), 12).dataSync(),
  ]);
  assertEquals(
    [...mask!].map((x) => x > 0 ? 1 : 0).join(""),
    "1001100010100011110101101111101001011111",
  );
  assertEquals([...order!], [4, 2, 1, 6, 3, 8, 5, 9, 11, 0, 10, 7]);
});

const KEY: Words = [0x89abcdef, 0x01234567];
const GENERATORS = ["squares", "threefry"] as const;
const PURPOSE: Words = [3, 0xfedcba98];

const int = (dtype: "int32" | "int64", values: readonly number[]) =>
  hostTensorOf(dtype, values.length === 1 ? [] : [values.length], values);

const drawn = (time: number) => ({
  key: int("int32", KEY.map((word) => word | 0)),
  time: int("int64", [time]),
});

// Makes the same in ONNX Runtime and in TensorFlow.js, at several times.
async function assertSameBits(
  make: (draw: Draw) => tf.Tensor,
  times: readonly number[],
  runtime: Runtime,
  generator: RandomGenerator,
) {
  const session = await compile(
    (draw) => ({ y: make({ ...draw, generator } as unknown as Draw) }),
    drawn(0),
    { runtime },
  );
  for (const time of times) {
    const { y } = await session.run(drawn(time));
    const eager = tf.tidy(
      () => [...make({ key: KEY, time, generator }).dataSync()],
    );
    assertEquals([...valuesOf(y)], eager);
  }
  await session.close();
}

// Two or four elements to a block: widths that fill their blocks and that do not.
const RANGES: readonly (readonly [RowRange, width: number])[] = [
  [{ first: 0, rows: 5 }, 8],
  [{ first: 3, rows: 2 }, 7],
  [{ first: 1, rows: 4 }, 1],
];

for (const generator of GENERATORS) {
  for (const runtime of ["node", "web"] as const) {
    Deno.test(`keepMask() makes the same bits in a graph and eagerly, ${generator}, ${runtime}`, async () => {
      for (const [range, width] of RANGES) {
        await assertSameBits(
          (draw) => keepMask(draw, PURPOSE, 0.3, range, width),
          [0, 7, 2 ** 31 + 5],
          runtime,
          generator,
        );
      }
    });

    Deno.test(`randomOrder() is the same in a graph and eagerly, ${generator}, ${runtime}`, async () => {
      for (const length of [1, 10, 1000]) {
        await assertSameBits(
          (draw) => randomOrder(draw, PURPOSE, length),
          [0, 3],
          runtime,
          generator,
        );
      }
    });
  }
}

const maskOf = (
  {
    key = KEY,
    time = 0,
    purpose = PURPOSE,
    rate = 0.3,
    generator = "squares" as RandomGenerator,
  } = {},
  range: RowRange = { first: 0, rows: 200 },
  width = 50,
) =>
  tf.tidy(() => [
    ...keepMask({ key, time, generator }, purpose, rate, range, width)
      .dataSync(),
  ]);

for (const generator of GENERATORS) {
  Deno.test(`keepMask() of some rows are rows of the whole, ${generator}`, () => {
    const whole = maskOf({ generator });
    const part = maskOf({ generator }, { first: 120, rows: 30 });
    assertEquals(part, whole.slice(120 * 50, 150 * 50));
  });

  Deno.test(`keepMask() drops the share that is asked for, and keeps the mean, ${generator}`, () => {
    for (const rate of [0.001, 0.1, 0.5, 0.9]) {
      const mask = maskOf({ generator, rate });
      const keep = Math.round((1 - rate) * 2 ** 16) / 2 ** 16;
      assertEquals(
        [...new Set(mask)].toSorted((a, b) => a - b),
        [0, Math.fround(1 / keep)],
      );
      const kept = mask.filter((x) => x > 0).length / mask.length;
      // Five standard deviations of a binomial share: once in two million.
      const deviation = Math.sqrt(rate * (1 - rate) / mask.length);
      assert(Math.abs(kept - keep) < 5 * deviation, `kept ${kept} of ${keep}`);
    }
  });

  Deno.test(`keepMask() is another for every key, step and purpose, ${generator}`, () => {
    const base = maskOf({ generator, rate: 0.5 });
    const others = {
      key: maskOf({ generator, rate: 0.5, key: [KEY[0] + 1, KEY[1]] }),
      step: maskOf({ generator, rate: 0.5, time: 1 }),
      purpose: maskOf({
        generator,
        rate: 0.5,
        purpose: [PURPOSE[0], PURPOSE[1] - 1],
      }),
    };
    for (const [what, other] of Object.entries(others)) {
      const same = base.filter((x, i) => x === other[i]).length / base.length;
      // Independent masks agree in half; five standard deviations.
      assert(Math.abs(same - 0.5) < 2.5 / Math.sqrt(base.length), what);
    }
  });

  Deno.test(`randomOrder() names every row once, ${generator}`, () => {
    const order = tf.tidy(() => [
      ...randomOrder({ key: KEY, time: 1, generator }, PURPOSE, 500).dataSync(),
    ]);
    assertEquals(order.toSorted((a, b) => a - b), [...Array(500).keys()]);
  });

  Deno.test(`randomOrder() puts every element at every place as often, ${generator}`, () => {
    const [length, epochs] = [6, 6000];
    const counts = Array.from({ length }, () => Array<number>(length).fill(0));
    for (let time = 0; time < epochs; time++) {
      tf.tidy(() => [
        ...randomOrder({ key: KEY, time, generator }, PURPOSE, length)
          .dataSync(),
      ])
        .forEach((element, place) => counts[place]![element]! += 1);
    }
    // A binomial of mean 1000 and variance 1000 · 5/6: five standard deviations.
    const bound = 5 * Math.sqrt(epochs / length * (1 - 1 / length));
    for (const count of counts.flat()) {
      assert(Math.abs(count - epochs / length) < bound, `${count} times`);
    }
  });

  Deno.test(`vmap() gives every replica the stream of its own key, ${generator}`, async () => {
    const keys: Words[] = [KEY, [1, 2], [0xffffffff, 7]];
    const make = (draw: Draw) => ({
      mask: keepMask(draw, PURPOSE, 0.5, { first: 2, rows: 3 }, 6),
      order: randomOrder(draw, PURPOSE, 20),
    });
    const single = trace(
      (draw) => make({ ...draw, generator } as unknown as Draw),
      {
        key: { dtype: "int32", shape: [2] },
        time: { dtype: "int64", shape: [] },
      },
    );
    const stacked = await foldConstants(
      vmap(single, keys.length, (name) =>
        name === "key"
          ? {
            value: newConstant("int32", [3, 2], Int32Array.from(keys.flat())),
            stacked: true,
          }
          : {
            value: single.inputs.find((input) => input.name === name)!,
            stacked: false,
          }),
    );
    const time = single.inputs.filter(({ name }) => name === "time");
    const actual = await runGraph(
      { ...stacked, inputs: time },
      { time: int("int64", [9]) },
    );
    for (const name of ["mask", "order"] as const) {
      const expected = keys.flatMap((key) =>
        tf.tidy(() => [...make({ key, time: 9, generator })[name].dataSync()])
      );
      assertEquals([...toNumbers(actual[name]!)], expected, name);
    }
  });
}

// Masks of two widths and two rates, and one in float64, of the same rows.
const several = (draw: Draw, range: RowRange): Record<string, tf.Tensor> => ({
  wide: keepMask(draw, PURPOSE, 0.3, range, 9),
  narrow: keepMask(draw, [5, 6], 0.3, range, 4),
  rare: keepMask(draw, [7, 8], 0.9, range, 6),
  other: keepMask({ ...draw, key: draw.key } as Draw, [9, 9], 0.5, {
    first: 0,
    rows: 2,
  }, 4),
});

const RANGE = { first: 3, rows: 5 };

const traced = (): Graph =>
  trace(
    (given) => {
      const { x, ...rest } = given as unknown as { x: tf.Tensor2D } & Draw;
      const draw = { ...rest, generator: "squares" } as Draw;
      const made = several(draw, RANGE);
      return { ...made, wider: tf.mul(x, made["narrow"]!) };
    },
    {
      key: { dtype: "int32", shape: [2] },
      time: { dtype: "int64", shape: [] },
      x: { dtype: "float64", shape: [5, 4] },
    },
  );

const valuesOfAll = (graph: Graph) =>
  runGraph(graph, {
    ...drawn(11),
    x: hostTensorOf("float64", [5, 4], Array(20).fill(1 / 3)),
  });

const operatorsOf = ({ outputs }: Graph) =>
  nodesFor(outputs.map(([, value]) => value)).map(({ op }) => op);

Deno.test("masks that are drawn together are those of each alone, in each type", async () => {
  const graph = traced();
  const found = await valuesOfAll(graph);
  const eager = tf.tidy(() =>
    Object.fromEntries(
      Object.entries(
        several({ key: KEY, time: 11, generator: "squares" }, RANGE),
      ).map(([name, mask]) => [name, [...mask.dataSync()]]),
    )
  );
  for (const [name, mask] of Object.entries(eager)) {
    assertEquals([...valuesOf(found[name]!)], mask, name);
  }
  // The scale has all digits of the type that it meets.
  const keep = Math.round(0.7 * 2 ** 16) / 2 ** 16;
  assertEquals(
    [...valuesOf(found["wider"]!)],
    eager["narrow"]!.map((x) => x > 0 ? 1 / 3 * (1 / keep) : 0),
  );
  // Three rotations for the masks of five rows, once for each float, and three more
  // for those of two.
  const shifts = operatorsOf(graph).filter((op) => op === "BitShift");
  assertEquals(shifts.length, 9);
});

Deno.test("without shifts the bits are the same, by what CUDA has kernels for", async () => {
  const graph = traced();
  const divided = withoutShifts(graph);
  assertEquals(operatorsOf(divided).filter((op) => /^Bit/.test(op)), []);
  const [before, after] = [
    await valuesOfAll(graph),
    await valuesOfAll(divided),
  ];
  assertEquals(after, before);
});

Deno.test("keepMask() by squares refuses rows that would reach the counters of the next", () => {
  const make = (width: number) =>
    keepMask(
      { key: KEY, time: 0, generator: "squares" },
      PURPOSE,
      0.5,
      { first: 0, rows: 0 },
      width,
    );
  make(2 ** 21).dispose();
  assertThrows(
    () => make(2 ** 21 + 1),
    RangeError,
    "Cannot make a dropout mask of 2097153 elements a row: by squares a row has " +
      "at most 2097152",
  );
});
