/**
 * An intervention: the loss sees the correct class's logit multiplied by a
 * number.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import { notNegative, type Setting } from "../settings/setting.ts";
import { scalar } from "../trace/precision.ts";
import { type Loss, pick, put } from "./loss.ts";

/** c, what the loss multiplies the correct class's logit by; 1 changes nothing. */
export const correctLogitScale: Setting<number> = notNegative(
  1,
  "<c>",
  "the loss sees c times the correct class's logit; 0 induces collapse",
);

/**
 * A loss that sees z′, the logits with the correct class's multiplied by c:
 *
 *     z′_y = c·z_y,  z′_k = z_k (k ≠ y);   L(z) = loss(z′)
 *     ∂L/∂z_y = c · ∂loss/∂z′_y,           ∂L/∂z_k = ∂loss/∂z′_k
 *
 * With c = 0 nothing reaches the weights through the correct class any more, as
 * in Softmax Collapse, whatever the precision. Accuracy and collapse are
 * measured on the logits as they are.
 *
 * Source: Prieto et al. (arXiv 2501.04697), Appendix B.1, Fig. 8 (c = 0).
 *
 * @param loss The loss.
 * @param c The factor; with 1 the loss is given back as it is.
 */
export function scaleCorrectLogit(loss: Loss, c: number): Loss {
  if (c === 1) return loss;
  // x with the label's element multiplied by c, [n, classes].
  const scaled = (x: tf.Tensor2D, labels: tf.Tensor1D) =>
    put(x, labels, tf.mul(pick(x, labels), scalar(c)) as tf.Tensor1D);
  return {
    ...loss,
    terms: (z, y, precision) => loss.terms(scaled(z, y), y, precision),
    gradient: (z, y, precision, count) =>
      scaled(loss.gradient(scaled(z, y), y, precision, count), y),
  };
}
