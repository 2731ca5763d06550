/**
 * What a loss is, and how its closed-form gradient enters automatic
 * differentiation.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
import type { FloatDType } from "../trace/graph.ts";
import { castLike, scalar } from "../trace/precision.ts";
import { mean } from "./measures.ts";

/**
 * A cross-entropy loss in a choice of precisions. The model keeps its own
 * precision: only what stands inside the loss is computed in the loss's.
 */
export interface Loss {
  /** Its name in a config. */
  readonly name: string;
  /** The precisions in which it is defined. */
  readonly precisions: readonly FloatDType[];
  /**
   * The loss of each sample.
   *
   * @param logits [n, classes], any floating type.
   * @param labels [n], integer, in 0..classes-1.
   * @param precision What to compute in.
   * @returns [n], in `precision`.
   */
  terms(
    logits: tf.Tensor2D,
    labels: tf.Tensor1D,
    precision: FloatDType,
  ): tf.Tensor1D;
  /**
   * The gradient of the mean of the terms with respect to the logits.
   *
   * @returns [n, classes], in `precision`.
   */
  gradient(
    logits: tf.Tensor2D,
    labels: tf.Tensor1D,
    precision: FloatDType,
  ): tf.Tensor2D;
}

/**
 * The mean of the loss terms as a differentiable scalar in `precision`, whose
 * gradient is the loss's own closed form.
 *
 * @param loss The loss.
 * @param precision What to compute it in.
 * @throws {RangeError} if the loss is not defined in that precision.
 */
export function meanLoss(
  loss: Loss,
  precision: FloatDType,
): (logits: tf.Tensor2D, labels: tf.Tensor1D) => tf.Scalar {
  if (!loss.precisions.includes(precision)) {
    throw new RangeError(
      `Cannot compute the ${loss.name} loss in ${precision}: ` +
        `it is defined in ${loss.precisions.join(", ")}`,
    );
  }
  const value = tf.customGrad((z, labels, save) => {
    const [logits, y] = [z as tf.Tensor2D, labels as tf.Tensor1D];
    (save as tf.GradSaveFunc)([logits, y]);
    return {
      value: mean(loss.terms(logits, y, precision), precision),
      gradFunc: (dy, saved) => {
        const [logits, y] = saved as [tf.Tensor2D, tf.Tensor1D];
        const gradient = loss.gradient(logits, y, precision);
        return [
          tf.mul(castLike(gradient, logits), castLike(dy, logits)),
          tf.zerosLike(y), // Labels have no gradient, but must be given one.
        ];
      },
    };
  });
  return (logits, labels) => value(logits, labels) as tf.Scalar;
}

/** The one-hot matrix of the labels, [n, classes]. */
export function oneHot(labels: tf.Tensor1D, classes: number): tf.Tensor2D {
  return tf.oneHot(labels, classes) as tf.Tensor2D;
}

/** The element of each row that the labels name: [n, classes], [n] → [n]. */
export function pick(x: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D {
  return tf.gather<tf.Tensor>(x, labels, 1, 1) as tf.Tensor1D;
}

/** 1 over the number of rows. */
export function perRow(x: tf.Tensor2D): tf.Scalar {
  return scalar(1 / x.shape[0]);
}
