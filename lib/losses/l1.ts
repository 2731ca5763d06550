/**
 * Mean absolute error against one-hot or real targets, in float32 or float64.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import { scalar, toPrecision } from "../trace/precision.ts";
import type { Loss } from "./loss.ts";
import { residual } from "./mse.ts";

/**
 * The distance of a row's logits from the one-hot vector of its label in the L1
 * norm, averaged over the K classes: Σₖ |zₖ − onehot(y)ₖ|/K. The mean of it over
 * the rows is PyTorch's `l1_loss(z, one_hot(y))`, whose gradient is
 * sign(z − onehot(y))/(nK), 0 where they are equal. In a regression y itself stands
 * in place of onehot(y).
 */
export const meanAbsoluteError: Loss = {
  name: "l1",
  precisions: ["float32", "float64"],
  regression: true,

  terms: (logits, labels, precision) =>
    tf.mean(
      tf.abs(residual(toPrecision(logits, precision), labels)),
      1,
    ) as tf.Tensor1D,

  gradient: (logits, labels, precision, count) =>
    tf.mul(
      tf.sign(residual(toPrecision(logits, precision), labels)),
      scalar(1 / (count * logits.shape[1])),
    ),
};
