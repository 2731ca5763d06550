import { assert, assertEquals } from "@std/assert";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { hostTensorOf, toNumbers } from "../../lib/numeric/tensor.ts";
import { threefry2x32, type Words } from "../../lib/numeric/threefry.ts";
import { compile } from "../../lib/onnx/runtime/compile.ts";
import { foldConstants } from "../../lib/onnx/runtime/fold.ts";
import type { Runtime } from "../../lib/settings/devices.ts";
import { trace } from "../../lib/trace/backend.ts";
import { newConstant } from "../../lib/trace/graph.ts";
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

const KEY: Words = [0x89abcdef, 0x01234567];
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
) {
  const session = await compile(
    (draw) => ({ y: make(draw as unknown as Draw) }),
    drawn(0),
    { runtime },
  );
  for (const time of times) {
    const { y } = await session.run(drawn(time));
    const eager = tf.tidy(() => [...make({ key: KEY, time }).dataSync()]);
    assertEquals([...valuesOf(y)], eager);
  }
  await session.close();
}

// Four elements to a block: widths that fill their blocks and that do not.
const RANGES: readonly (readonly [RowRange, width: number])[] = [
  [{ first: 0, rows: 5 }, 8],
  [{ first: 3, rows: 2 }, 7],
  [{ first: 1, rows: 4 }, 1],
];

for (const runtime of ["node", "web"] as const) {
  Deno.test(`keepMask() makes the same bits in a graph and eagerly, ${runtime}`, async () => {
    for (const [range, width] of RANGES) {
      await assertSameBits(
        (draw) => keepMask(draw, PURPOSE, 0.3, range, width),
        [0, 7, 2 ** 31 + 5],
        runtime,
      );
    }
  });

  Deno.test(`randomOrder() is the same in a graph and eagerly, ${runtime}`, async () => {
    for (const length of [1, 10, 1000]) {
      await assertSameBits(
        (draw) => randomOrder(draw, PURPOSE, length),
        [0, 3],
        runtime,
      );
    }
  });
}

const maskOf = (
  { key = KEY, time = 0, purpose = PURPOSE, rate = 0.3 } = {},
  range: RowRange = { first: 0, rows: 200 },
  width = 50,
) =>
  tf.tidy(() => [
    ...keepMask({ key, time }, purpose, rate, range, width).dataSync(),
  ]);

Deno.test("keepMask() of some rows are rows of the whole", () => {
  const whole = maskOf();
  const part = maskOf({}, { first: 120, rows: 30 });
  assertEquals(part, whole.slice(120 * 50, 150 * 50));
});

Deno.test("keepMask() drops the share that is asked for, and keeps the mean", () => {
  for (const rate of [0.001, 0.1, 0.5, 0.9]) {
    const mask = maskOf({ rate });
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

Deno.test("keepMask() is another for every key, step and purpose", () => {
  const base = maskOf({ rate: 0.5 });
  const others = {
    key: maskOf({ rate: 0.5, key: [KEY[0] + 1, KEY[1]] }),
    step: maskOf({ rate: 0.5, time: 1 }),
    purpose: maskOf({ rate: 0.5, purpose: [PURPOSE[0], PURPOSE[1] - 1] }),
  };
  for (const [what, other] of Object.entries(others)) {
    const same = base.filter((x, i) => x === other[i]).length / base.length;
    // Independent masks agree in half; five standard deviations.
    assert(Math.abs(same - 0.5) < 2.5 / Math.sqrt(base.length), what);
  }
});

Deno.test("randomOrder() names every row once", () => {
  const order = tf.tidy(() => [
    ...randomOrder({ key: KEY, time: 1 }, PURPOSE, 500).dataSync(),
  ]);
  assertEquals(order.toSorted((a, b) => a - b), [...Array(500).keys()]);
});

Deno.test("randomOrder() puts every element at every place as often", () => {
  const [length, epochs] = [6, 6000];
  const counts = Array.from({ length }, () => Array<number>(length).fill(0));
  for (let time = 0; time < epochs; time++) {
    tf.tidy(() => [
      ...randomOrder({ key: KEY, time }, PURPOSE, length).dataSync(),
    ])
      .forEach((element, place) => counts[place]![element]! += 1);
  }
  // A binomial of mean 1000 and variance 1000 · 5/6: five standard deviations.
  const bound = 5 * Math.sqrt(epochs / length * (1 - 1 / length));
  for (const count of counts.flat()) {
    assert(Math.abs(count - epochs / length) < bound, `${count} times`);
  }
});

Deno.test("vmap() gives every replica the stream of its own key", async () => {
  const keys: Words[] = [KEY, [1, 2], [0xffffffff, 7]];
  const make = (draw: Draw) => ({
    mask: keepMask(draw, PURPOSE, 0.5, { first: 2, rows: 3 }, 6),
    order: randomOrder(draw, PURPOSE, 20),
  });
  const single = trace((draw) => make(draw as unknown as Draw), {
    key: { dtype: "int32", shape: [2] },
    time: { dtype: "int64", shape: [] },
  });
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
      tf.tidy(() => [...make({ key, time: 9 })[name].dataSync()])
    );
    assertEquals([...toNumbers(actual[name]!)], expected, name);
  }
});
