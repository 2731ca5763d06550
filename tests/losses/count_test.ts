/** Of a part of a batch a loss gives its share of the batch's mean and gradient. */

import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import { type Config, defaults } from "../../lib/config/config.ts";
import {
  type Loss,
  losses,
  type LossName,
  mean,
  meanLoss,
  scaleCorrectLogit,
} from "../../lib/losses/mod.ts";
import type { FloatDType } from "../../lib/numeric/tensor.ts";
import { runTraced } from "../../lib/onnx/runtime/compile.ts";
import { scalar, toPrecision } from "../../lib/trace/precision.ts";
import { tensorOf, valuesOf } from "../_golden.ts";

const variants: [name: LossName, settings: Partial<Config>][] = [
  ...(Object.keys(losses) as LossName[]).map((name) =>
    [name, {}] as [LossName, Partial<Config>]
  ),
  ["softmax", { labelSmoothing: 0.2 }],
  ["softmax", { temperature: 3 }],
  ["softmax", { logitPenalty: 0.1 }],
];

const rows = [[0.5, -1.25, 2.5, -0.125], [-3, 0.75, 0.25, 1.125], [1, 2, 3, 4]];
const labels = [2, 0, 3];
// Divided by a power of two every number keeps its digits.
const COUNT = 8;

async function assertShares(loss: Loss, precision: FloatDType) {
  const found = await runTraced(({ z, y }) => {
    const [logits, labels] = [z as tf.Tensor2D, y as tf.Tensor1D];
    const wide = (x: tf.Tensor) => toPrecision(x, "float64");
    const terms = loss.terms(logits, labels, precision);
    const lossOf = meanLoss(loss, precision);
    const { value, grad } = tf.valueAndGrad((z: tf.Tensor) =>
      lossOf(z as tf.Tensor2D, labels, COUNT)
    )(logits);
    return {
      terms: wide(terms),
      mean: wide(mean(terms, precision, COUNT)),
      whole: wide(loss.gradient(logits, labels, precision, 1)),
      part: wide(loss.gradient(logits, labels, precision, COUNT)),
      value: wide(value),
      grad: wide(grad),
    };
  }, {
    z: tensorOf(precision === "float64" ? "float64" : "float32", rows),
    y: tensorOf("int64", labels),
  });
  const of = (key: string) => [...valuesOf(found[key])];
  const share = (xs: number[]) => xs.map((x) => x / COUNT);
  assertEquals(of("part"), share(of("whole")), "gradient");
  assertEquals(of("grad"), of("part"), "automatic differentiation");
  assertEquals(of("value"), of("mean"), "value");
  const round = {
    float16: Math.f16round,
    float32: Math.fround,
    float64: Number,
  };
  const sum = of("terms").reduce((a, b) =>
    (precision === "float64" ? Number : Math.fround)(a + b)
  );
  assertEquals(of("mean"), [round[precision](sum / COUNT)], "mean");
}

for (const [name, settings] of variants) {
  const title = [name, ...Object.entries(settings).flat()].join(" ");
  const { precisions, make } = losses[name];
  for (const precision of precisions) {
    Deno.test(`${title}: a part's share of the mean and of the gradient, in ${precision}`, async () => {
      const loss = make({ ...defaults, ...settings });
      await assertShares(loss, precision);
      await assertShares(scaleCorrectLogit(loss, 0.5), precision);
    });
  }
}

Deno.test("meanLoss() passes on the gradient that comes from behind it", async () => {
  const lossOf = meanLoss(losses.softmax.make(defaults), "float64");
  const { once, scaled } = await runTraced(({ z, y }) => {
    const gradient = (by: number) =>
      tf.grad((z: tf.Tensor) =>
        tf.mul(scalar(by), lossOf(z as tf.Tensor2D, y as tf.Tensor1D))
      )(z as tf.Tensor);
    return { once: gradient(1), scaled: gradient(-4) };
  }, { z: tensorOf("float64", rows), y: tensorOf("int64", labels) });
  assertEquals([...valuesOf(scaled)], [...valuesOf(once)].map((x) => -4 * x));
});
