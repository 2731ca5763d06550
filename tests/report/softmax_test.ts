import { assertAlmostEquals, assertEquals } from "@std/assert";
import type * as tf from "@tensorflow/tfjs-core";
import { randomKey } from "../../lib/numeric/random.ts";
import { collapsed } from "../../lib/losses/softmax.ts";
import { hostTensorOf, toNumbers } from "../../lib/numeric/tensor.ts";
import {
  argMax,
  collapses,
  type Precision,
  PRECISIONS,
  probability,
  sumOfExponentials,
} from "../../lib/report/live/softmax.ts";
import { runTraced } from "../../lib/onnx/runtime/compile.ts";

const CLASSES = 113;
const EPSILON = {
  float16: 2 ** -10,
  float32: 2 ** -23,
  float64: 2 ** -52,
} as const;

// One logit ahead of all others by a gap.
const row = (gap: number) =>
  Array.from({ length: CLASSES }, (_, c) => c === 7 ? gap : 0);

Deno.test("collapses() begins where the terms fall below half a unit of the sum", () => {
  for (const precision of PRECISIONS) {
    // Added one by one to the largest, a term is lost from ln(2/ε) on; all of
    // them together can no longer show beyond ln(2(C − 1)/ε).
    const [first, last] = [1, CLASSES - 1]
      .map((terms) => Math.log(2 * terms / EPSILON[precision]));
    // A gap in float16 is off by up to 2⁻⁷.
    assertEquals(collapses(row(last! + 0.1), precision), true, precision);
    assertEquals(collapses(row(first! - 0.5), precision), false, precision);
  }
});

Deno.test("collapses() says what training says, away from the threshold", async () => {
  const random = randomKey(0)("gaps");
  const gaps = Array.from({ length: 400 }, () => 50 * random.uniform());
  for (const precision of PRECISIONS) {
    const [first, last] = [1, CLASSES - 1]
      .map((terms) => Math.log(2 * terms / EPSILON[precision]));
    // In between it hangs on the order of the additions.
    const clear = gaps.filter((gap) => gap < first! - 0.1 || gap > last! + 0.1);
    for (const temperature of [1, 8]) {
      const rows = clear.map((gap) => row(temperature * gap));
      const logits = hostTensorOf(
        "float64",
        [clear.length, CLASSES],
        rows.flat(),
      );
      const { flags } = await runTraced(
        ({ logits }) => ({
          flags: collapsed(
            logits as tf.Tensor2D,
            precision as Precision,
            temperature,
          ),
        }),
        { logits },
      );
      assertEquals(
        rows.map((row) => collapses(row, precision, temperature)),
        [...toNumbers(flags!)].map(Boolean),
        `${precision} at ${temperature}`,
      );
    }
  }
});

Deno.test("sumOfExponentials() is NaN where a logit is infinite, which is no collapse", () => {
  const huge = [1e5, 0, 0];
  assertEquals(sumOfExponentials(huge, "float16"), NaN);
  assertEquals(collapses(huge, "float16"), false);
  assertEquals(collapses(huge, "float32"), true);
});

Deno.test("probability() of logits whose softmax is known", () => {
  const { p, loss } = probability([Math.log(1), Math.log(3)], 1);
  // Two roundings of exp and log.
  assertAlmostEquals(p, 0.75, 4 * Number.EPSILON);
  assertAlmostEquals(loss, -Math.log(0.75), 4 * Number.EPSILON);
  assertEquals(probability([1000, 0], 0), { p: 1, loss: 0 });
  assertEquals(probability([1000, 0], 1).loss, 1000);
  assertAlmostEquals(
    probability([5 * Math.log(1), 5 * Math.log(3)], 1, 5).loss,
    loss,
    4 * Number.EPSILON,
  );
});

Deno.test("argMax() takes the first of equal ones", () => {
  assertEquals(argMax([1, 3, 3]), 1);
  assertEquals(argMax(Float32Array.of(-2, -1)), 1);
});
