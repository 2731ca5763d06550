/**
 * Mean squared error against one-hot or real targets, in float32 or float64.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import { castLike, scalar, toPrecision } from "../trace/precision.ts";
import { type Loss, oneHot } from "./loss.ts";

/**
 * The squared distance of a row's logits from the one-hot vector of its label,
 * averaged over the K classes: Σₖ (zₖ − onehot(y)ₖ)²/K. The mean of it over the
 * rows is PyTorch's `mse_loss(z, one_hot(y))`, whose gradient is
 * 2(z − onehot(y))/(nK). In a regression y itself, K numbers a row, stands in place
 * of onehot(y).
 *
 * Sources: Liu et al. (Omnigrok, arXiv 2210.01117), Section 3; Prieto et al.
 * (arXiv 2501.04697), Appendix D.1.
 */
export const meanSquaredError: Loss = {
  name: "mse",
  precisions: ["float32", "float64"],
  regression: true,

  terms: (logits, labels, precision) =>
    tf.mean(
      tf.square(residual(toPrecision(logits, precision), labels)),
      1,
    ) as tf.Tensor1D,

  gradient: (logits, labels, precision, count) =>
    tf.mul(
      residual(toPrecision(logits, precision), labels),
      scalar(2 / (count * logits.shape[1])),
    ),
};

/**
 * z − onehot(y), [n, classes], [n] → [n, classes]; of targets, [n, outputs], z − y.
 */
export function residual(
  z: tf.Tensor2D,
  labels: tf.Tensor1D | tf.Tensor2D,
): tf.Tensor2D {
  return labels.rank === 2
    ? tf.sub(z, castLike(labels, z))
    : tf.sub(z, oneHot(labels as tf.Tensor1D, z.shape[1]));
}
