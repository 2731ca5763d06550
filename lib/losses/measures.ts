/**
 * Means and shares over the rows of a batch.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import type { FloatDType } from "../numeric/tensor.ts";
import { placeOfGreatest } from "../trace/operators/finite_extremes.ts";
import { scalar, toPrecision, widen } from "../trace/precision.ts";

/**
 * The type in which the arithmetic of a precision is done. Of float16 only the
 * results are rounded: so do PyTorch's kernels.
 */
export function computeIn(precision: FloatDType): "float32" | "float64" {
  return precision === "float16" ? "float32" : precision;
}

/**
 * The mean of loss terms, [n] → [], rounded to their precision as PyTorch rounds
 * it.
 *
 * @param count What their sum is divided by, if not n.
 */
export function mean(
  terms: tf.Tensor1D,
  precision: FloatDType,
  count: number = terms.shape[0],
): tf.Scalar {
  const wide = toPrecision(terms, computeIn(precision));
  const result = tf.div(tf.sum(wide), scalar(count));
  return toPrecision(result, precision) as tf.Scalar;
}

/** Whether the largest logit is the label's: [n, classes], [n] → bool [n]. */
export function correct(
  logits: tf.Tensor2D,
  labels: tf.Tensor1D,
): tf.Tensor1D {
  return tf.equal(placeOfGreatest(logits, 1), labels) as tf.Tensor1D;
}

/** Share of the rows whose largest logit is the label's: [n, classes], [n] → []. */
export function accuracy(
  logits: tf.Tensor2D,
  labels: tf.Tensor1D,
): tf.Scalar {
  return fraction(correct(logits, labels));
}

/** Share of the true ones: bool [n] → []. */
export function fraction(flags: tf.Tensor): tf.Scalar {
  return tf.mean(widen(tf.cast(flags, "float32"))) as tf.Scalar;
}
