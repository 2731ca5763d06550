/** Of a loss's own the terms are a number a row, and the gradient is the logits'. */

import { assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { type Loss, meanLoss, stableMax } from "../../lib/losses/mod.ts";

await tf.setBackend("cpu");
const z = tf.tensor2d([[1, 2, 3], [3, 2, 1]]);
const y = tf.tensor1d([0, 2], "int32");

const gradientOf = (loss: Loss) =>
  tf.grad((z) => meanLoss(loss, "float32")(z as tf.Tensor2D, y))(z);

const wrong: readonly [string, Partial<Record<keyof Loss, unknown>>, string][] =
  [
    ["a scalar", { terms: () => tf.scalar(1) }, "terms is [], wanted [2]"],
    [
      "a column",
      { terms: () => tf.ones([2, 1]) },
      "terms is [2,1], wanted [2]",
    ],
    ["a number", { terms: () => 1 }, "terms is 1, wanted [2]"],
    ["rows", { gradient: () => tf.ones([2]) }, "gradient is [2], wanted [2,3]"],
    ["nothing", { gradient: () => {} }, "gradient is undefined, wanted [2,3]"],
  ];

for (const [name, part, message] of wrong) {
  Deno.test(`meanLoss() refuses ${name} for ${Object.keys(part)}`, () => {
    const loss = { ...stableMax, name: "own", ...part } as Loss;
    assertThrows(
      () => gradientOf(loss),
      TypeError,
      `Cannot compute the own loss: the shape of its ${message}`,
    );
  });
}

Deno.test("meanLoss() takes what is a number a row", () => {
  gradientOf(stableMax);
});
