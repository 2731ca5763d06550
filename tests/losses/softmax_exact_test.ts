// Softmax-exact looks at differences of logits only, wherever they lie.

import { assertEquals } from "@std/assert";
import type * as tf from "@tensorflow/tfjs-core";
import { softmaxExact } from "../../lib/losses/mod.ts";
import { type FloatDType, toNumbers } from "../../lib/numeric/tensor.ts";
import { runTraced } from "../../lib/onnx/runtime/compile.ts";
import { assertClose, tensorOf } from "../_golden.ts";

const rows = [[0, -1, -3], [-40, 0, -2], [0, 0, 0], [-30, -30, 7], [5, 1, 0]];
const labels = [0, 0, 2, 2, 1];

// log Σ exp and the slopes p − onehot, of rows whose largest number is near 0.
const losses = rows.map((z, i) => {
  const others = z.filter((_, k) => k !== labels[i])
    .map((x) => Math.exp(x - z[labels[i]!]!));
  return Math.log1p(others.reduce((a, b) => a + b));
});
const slopes = rows.flatMap((z, i) => {
  const weights = z.map((x) => Math.exp(x));
  const sum = weights.reduce((a, b) => a + b);
  const others = weights.map((w, k) => k === labels[i] ? 0 : w / sum);
  const own = -others.reduce((a, b) => a + b);
  return others.map((p, k) => (k === labels[i] ? own : p) / rows.length);
});

// Whole numbers, so that the shifted logits are exact in both types.
const SHIFTS = [-1e5, -1000, -746, -200, -104, 0, 104, 746, 1e5];
const UNITS = { float32: 2 ** -24, float64: 2 ** -53 };

for (const [dtype, unit] of Object.entries(UNITS)) {
  Deno.test(`softmax-exact of logits far from 0 in ${dtype}`, async () => {
    const precision = dtype as FloatDType;
    const all = SHIFTS.flatMap((by) => rows.map((z) => z.map((x) => x + by)));
    const { terms, gradient } = await runTraced(({ z, y }) => {
      const [logits, own] = [z as tf.Tensor2D, y as tf.Tensor1D];
      const n = rows.length;
      return {
        terms: softmaxExact.terms(logits, own, precision),
        gradient: softmaxExact.gradient(logits, own, precision, n),
      };
    }, {
      z: tensorOf(precision, all),
      y: tensorOf("int32", SHIFTS.flatMap(() => labels)),
    });
    const [found, slopesFound] = [toNumbers(terms!), toNumbers(gradient!)];
    SHIFTS.forEach((shift, i) => {
      const near = { relative: 40 * unit, absolute: 0 };
      const part = (x: Float64Array, length: number) =>
        x.subarray(i * length, (i + 1) * length);
      const { length } = losses;
      assertClose(part(found, length), losses, near, `loss at ${shift}`);
      assertClose(
        part(slopesFound, slopes.length),
        slopes,
        near,
        `gradient at ${shift}`,
      );
    });
  });
}

Deno.test("softmax-exact of one class more likely by far is its gap", async () => {
  const { terms } = await runTraced(({ z, y }) => ({
    terms: softmaxExact.terms(
      z as tf.Tensor2D,
      y as tf.Tensor1D,
      "float64",
    ),
  }), {
    z: tensorOf("float64", [[-5000, -1000], [-1000, -5000]]),
    y: tensorOf("int32", [0, 0]),
  });
  assertEquals([...toNumbers(terms!)], [4000, 0]);
});
