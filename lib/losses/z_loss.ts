/**
 * The z-loss: what holds a softmax's partition function near 1.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import { onlyWhereSaid } from "../settings/only_where_said.ts";
import { notNegative, type Setting } from "../settings/setting.ts";
import type { FloatDType } from "../numeric/tensor.ts";
import { scalar, toPrecision } from "../trace/precision.ts";
import type { Loss } from "./loss.ts";
import { computeIn } from "./measures.ts";

/** w, the weight of log² Z in the loss. */
export const zLoss: Setting<number | undefined> = onlyWhereSaid(notNegative(
  0,
  "<w>",
  "softmax losses: weight of the z-loss, log²Σexp(z), in the loss (default: 0)",
));

/**
 * A softmax's loss with the z-loss beside it. With Z = Σₖ exp(zₖ/T) and p the
 * softmax,
 *
 *     L = loss + w·log²Z
 *     ∂L/∂zₖ = ∂loss/∂zₖ + 2w·log Z·pₖ/T
 *
 * A number added to all logits of a row changes a softmax's loss by nothing; this
 * chooses log Z = 0. It does not bound how far the logits of a row lie apart.
 *
 * In float16 log Z is rounded, and the z-loss is added in float32 to what the loss
 * has rounded, and rounded with it.
 *
 * Source: Wortsman et al. (arXiv 2309.14322), Section 3.1.2, with w = 1e-4; from
 * Chowdhery et al. (arXiv 2204.02311), Section 5.
 *
 * @param loss The loss.
 * @param weight w, 0 or more; with 0 the loss is given back as it is.
 * @throws {RangeError} if the loss has no softmax's partition function.
 */
export function addZLoss(loss: Loss, weight: number): Loss {
  if (weight === 0) return loss;
  const { logPartition } = loss;
  if (!logPartition) {
    throw new RangeError(
      `Cannot add a z-loss of ${weight} to the ${loss.name} loss: it has no ` +
        "softmax's partition function, wanted one such as softmax",
    );
  }
  const sum = (a: tf.Tensor, b: tf.Tensor, precision: FloatDType) =>
    toPrecision(tf.add(toPrecision(a, computeIn(precision)), b), precision);
  return {
    ...loss,

    terms(logits, labels, precision) {
      const { logZ } = logPartition(logits, precision);
      const squares = tf.squeeze(tf.square(logZ), [1]);
      return sum(
        loss.terms(logits, labels, precision),
        tf.mul(scalar(weight), squares),
        precision,
      ) as tf.Tensor1D;
    },

    gradient(logits, labels, precision, count) {
      const { logZ, slope } = logPartition(logits, precision);
      return sum(
        loss.gradient(logits, labels, precision, count),
        tf.mul(tf.mul(scalar(2 * weight / count), logZ), slope),
        precision,
      ) as tf.Tensor2D;
    },
  };
}
