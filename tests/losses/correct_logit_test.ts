import { assertEquals, assertStrictEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import {
  type Loss,
  mean,
  meanLoss,
  scaleCorrectLogit,
  softmax,
  stableMax,
} from "../../lib/losses/mod.ts";
import { toPrecision, widen } from "../../lib/trace/precision.ts";
import { runTraced } from "../../lib/onnx/runtime/compile.ts";
import { assertClose, golden, tensorOf, valuesOf } from "../_golden.ts";

const { logits, labels, cases } = await golden<{
  readonly logits: number[][];
  readonly labels: number[];
  readonly cases: readonly {
    readonly factor: number;
    readonly loss: "softmax" | "stablemax";
    readonly precision: "float32" | "float64";
    readonly terms: number[];
    readonly gradient: number[][];
  }[];
}>("losses/correct_logit");

const LOSSES: Record<string, Loss> = { softmax, stablemax: stableMax };

// Terms of up to 40 are differences of numbers of that size, and a sum of four
// may be added in another order: a few units in the last place, 2⁻²³ or 2⁻⁵², of
// 40 in the terms and of 1 in the gradient.
const ULP = { float32: 2 ** -23, float64: 2 ** -52 };

for (const { factor, loss, precision, terms, gradient } of cases) {
  Deno.test(`${loss} ${precision} of ${factor} times the correct logit agrees with PyTorch`, async () => {
    const scaled = scaleCorrectLogit(LOSSES[loss]!, factor);
    const actual = await runTraced(({ logits, labels }) => {
      const y = labels as tf.Tensor1D;
      const own = scaled.terms(logits as tf.Tensor2D, y, precision);
      const gradient = tf.grad((z) =>
        meanLoss(scaled, precision)(z as tf.Tensor2D, y)
      )(logits);
      return { terms: own, gradient };
    }, {
      logits: tensorOf(precision, logits),
      labels: tensorOf("int64", labels),
    });
    const ulp = ULP[precision];
    assertClose(
      valuesOf(actual["terms"]),
      terms,
      { relative: 0, absolute: 4 * 40 * ulp },
      "terms",
    );
    assertClose(
      valuesOf(actual["gradient"]),
      gradient.flat(),
      { relative: 0, absolute: 4 * ulp },
      "gradient",
    );
  });
}

Deno.test("nothing reaches the weights through a correct logit times 0, in float16 either", async () => {
  const scaled = scaleCorrectLogit(softmax, 0);
  const result = await runTraced(({ z, y }) => {
    const [logits, labels] = [z as tf.Tensor2D, y as tf.Tensor1D];
    const terms = scaled.terms(logits, labels, "float16");
    const gradient = scaled.gradient(logits, labels, "float16", 4);
    return {
      loss: widen(mean(terms, "float16")),
      gradient: toPrecision(gradient, "float32"),
    };
  }, { z: tensorOf("float32", logits), y: tensorOf("int64", labels) });
  const gradient = valuesOf(result["gradient"]);
  labels.forEach((label, i) => assertEquals(gradient[4 * i + label], 0));
  assertEquals(gradient.filter((g) => g > 0).length, 12);
});

Deno.test("a correct logit times 1 leaves the loss as it is", () => {
  assertStrictEquals(scaleCorrectLogit(softmax, 1), softmax);
});
