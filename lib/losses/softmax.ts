/**
 * Softmax cross-entropy in float16, float32 or float64.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
import type { FloatDType } from "../trace/graph.ts";
import { scalar, toPrecision } from "../trace/precision.ts";
import { type Loss, oneHot, pick } from "./loss.ts";
import { computeIn } from "./measures.ts";

// z − max z and Σ exp(z − max z), of logits rounded to the precision.
function shifted(logits: tf.Tensor2D, precision: FloatDType) {
  const z = toPrecision(toPrecision(logits, precision), computeIn(precision));
  const d = tf.sub(z, tf.max(z, 1, true)) as tf.Tensor2D;
  return { d, sum: rounded(tf.sum(tf.exp(d), 1, true), precision) };
}

// Rounds to the precision, and goes on in the type that it is computed in.
function rounded(x: tf.Tensor, precision: FloatDType): tf.Tensor2D {
  const y = toPrecision(toPrecision(x, precision), computeIn(precision));
  return y as tf.Tensor2D;
}

/**
 * Softmax cross-entropy, −log softmax(z)[y].
 *
 * In float16 it rounds where PyTorch's `log_softmax(z.half())` on CPU, its
 * backward and the mean round: the logits, Σ exp, its logarithm, log p, and the
 * gradient with the 1/n of the mean in it, whose small entries vanish there.
 *
 * Source: Prieto et al. (arXiv 2501.04697), Section 3.
 */
export const softmax: Loss = {
  name: "softmax",
  precisions: ["float16", "float32", "float64"],

  // −log p_y = log Σ exp(z − max z) − (z_y − max z)
  terms(logits, labels, precision) {
    const { d, sum } = shifted(logits, precision);
    const logSum = tf.squeeze<tf.Tensor1D>(rounded(tf.log(sum), precision), [
      1,
    ]);
    return toPrecision(tf.sub(logSum, pick(d, labels)), precision);
  },

  // ∂L/∂z = (softmax(z) − onehot(y)) / n
  gradient(logits, labels, precision, count) {
    const { d, sum } = shifted(logits, precision);
    const target = oneHot(labels, logits.shape[1]);
    // In float16 the probabilities come from the rounded log p.
    const p = precision === "float16"
      ? tf.exp(rounded(tf.sub(d, rounded(tf.log(sum), precision)), precision))
      : tf.div(tf.exp(d), sum);
    const weight = rounded(scalar(1 / count), precision);
    return toPrecision(tf.mul(tf.sub(p, target), weight), precision);
  },
};

/**
 * exp(z_k − max z) as a softmax of a precision has them: in float16 the
 * differences and the exponentials are rounded.
 *
 * @param logits [n, classes].
 * @param precision The precision.
 * @returns [n, classes], in the type that the precision is computed in.
 */
export function exponentials(
  logits: tf.Tensor2D,
  precision: FloatDType,
): tf.Tensor2D {
  const { d } = shifted(logits, precision);
  return rounded(tf.exp(rounded(d, precision)), precision);
}

/**
 * Which samples are in Softmax Collapse: Σ_k exp(z_k − max z) is exactly 1 in
 * the given precision, every exponential but the largest being lost.
 *
 * @param logits [n, classes].
 * @param precision The precision. In float16 the differences, the exponentials
 * and the sum are rounded; the additions run in float32.
 * @returns [n], bool. Source: Prieto et al. (arXiv 2501.04697), Section 3.
 */
export function collapsed(
  logits: tf.Tensor2D,
  precision: FloatDType,
): tf.Tensor1D {
  const e = exponentials(logits, precision);
  const sum = rounded(tf.sum(e, 1), precision);
  return tf.equal(sum, tf.onesLike(sum));
}
