/**
 * Half the squared distance from one-hot or real targets, in float32 or float64.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import { scalar, toPrecision } from "../trace/precision.ts";
import type { Loss } from "./loss.ts";
import { residual } from "./mse.ts";

/**
 * Half the squared distance of a row's logits from the one-hot vector of its label,
 * or in a regression from its target: ‖z − y‖²/2, summed over the outputs. The mean
 * of it over n rows is 1/(2n)·Σᵢ‖zᵢ − yᵢ‖², whose gradient is (z − y)/n, and K/2
 * times `mse` of K outputs: a rate η here is 2η/K there. Where it
 * is 0 its Hessian is the mean of ∇f∇fᵀ over rows and outputs, the form in which
 * stability is told as λmax ≤ 2/η.
 *
 * Source: Wu & Su (arXiv 2305.17490).
 */
export const squaredError: Loss = {
  name: "squared-error",
  precisions: ["float32", "float64"],
  regression: true,

  terms: (logits, labels, precision) =>
    tf.mul(
      scalar(0.5),
      tf.sum(tf.square(residual(toPrecision(logits, precision), labels)), 1),
    ) as tf.Tensor1D,

  gradient: (logits, labels, precision, count) =>
    tf.mul(
      residual(toPrecision(logits, precision), labels),
      scalar(1 / count),
    ),
};
