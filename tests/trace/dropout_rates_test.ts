// Dropout at rates that the masks' sixteen bits can hardly tell from 0 and 1.

import { assert, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { toNumbers } from "../../lib/numeric/tensor.ts";
import { type Draw, keepMask } from "../../lib/trace/random.ts";
import { runTraced } from "../../lib/onnx/runtime/compile.ts";
import type { RandomGenerator } from "../../lib/numeric/random.ts";
import type { Words } from "../../lib/numeric/threefry.ts";
import { i32 } from "./_run.ts";

const KEY: Words = [0x12345678, 0x9abcdef0];
const PURPOSE: Words = [1, 2];
const [rows, width] = [256, 1024];

const eagerly = (rate: number, generator: RandomGenerator) =>
  tf.tidy(() => [
    ...keepMask({ key: KEY, time: 3, generator }, PURPOSE, rate, {
      first: 0,
      rows,
    }, width)
      .dataSync(),
  ]);

// The first rows, in ONNX Runtime.
async function inGraph(
  rate: number,
  generator: RandomGenerator,
  rows: number,
): Promise<number[]> {
  const { y } = await runTraced((draw) => ({
    y: keepMask({ ...draw, generator } as unknown as Draw, PURPOSE, rate, {
      first: 0,
      rows,
    }, width),
  }), { key: i32([2], Int32Array.from(KEY)), time: i32([], [3]) });
  return [...toNumbers(y!)];
}

const LEVELS = 2 ** 16;

/** Rates, and how many of 65536 levels are kept: neither none nor all. */
const RATES: [rate: number, kept: number][] = [
  [1e-12, LEVELS - 1],
  [2 ** -15, LEVELS - 2],
  [1 - 2 ** -15, 2],
  [1 - 1e-12, 1],
];

const CASES = RATES.flatMap(([rate, kept]) =>
  (["squares", "threefry"] as const)
    .map((generator) => [generator, rate, kept] as const)
);

for (const [generator, rate, kept] of CASES) {
  Deno.test(`dropout at rate ${rate} keeps ${kept} of ${LEVELS} levels, ${generator}`, async () => {
    const mask = eagerly(rate, generator);
    // What is kept is scaled so that the mean stays.
    const values = [...new Set(mask)].toSorted((a, b) => a - b);
    assertEquals(values, [0, Math.fround(LEVELS / kept)]);
    // Five standard deviations of how many are kept: once in two million.
    const share = kept / LEVELS;
    const expected = share * mask.length;
    const deviation = Math.sqrt(expected * (1 - share));
    const found = mask.filter((x) => x > 0).length;
    assert(
      Math.abs(found - expected) < 5 * deviation,
      `${found} kept, expected ${expected}`,
    );
    assertEquals(await inGraph(rate, generator, 8), mask.slice(0, 8 * width));
  });
}
