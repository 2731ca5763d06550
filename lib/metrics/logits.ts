/**
 * How far the logits are from where a softmax collapses.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import { put } from "../losses/mod.ts";
import { FLOATS } from "../numeric/floats.ts";
import type { FloatDType } from "../numeric/tensor.ts";
import { castLike, scalar, widen } from "../trace/precision.ts";
import type { Columns, GraphMetrics, Rows } from "./group.ts";

/**
 * The gap at which a softmax collapses: where every other logit lies this far
 * below the largest, Σ_k exp(z_k − max z) = 1 + (C − 1)·exp(−gap) comes to
 * 1 + ε/2, half way to the next number, and is rounded to 1:
 *
 *     τ = ln(2(C − 1)/ε)
 *
 * At a larger gap the sum is 1 in whatever order it is taken; where the terms
 * are added one by one to the largest, each is lost from ln(2/ε) on.
 *
 * @param precision The softmax's own.
 * @param classes C, 2 or more.
 */
export function collapseThreshold(
  precision: FloatDType,
  classes: number,
): number {
  return Math.log(2 * (classes - 1) / FLOATS[precision].epsilon);
}

/**
 * The largest of each row's elements but the one that an index names: [n, k],
 * [n] → [n].
 */
export function largestOther(x: tf.Tensor2D, index: tf.Tensor1D): tf.Tensor1D {
  const out = tf.fill([x.shape[0]], -Infinity) as tf.Tensor1D;
  return tf.max(put(x, index, castLike(out, x)), 1);
}

const PRECISIONS = Object.keys(FLOATS) as FloatDType[];

/**
 * The largest logit of all train rows, the mean over the rows of the gap between
 * the largest logit and the second, the gap at which a softmax (of the loss's
 * temperature T: T·τ) collapses in each precision, and the ratio of the two: 1
 * where the average row is lost.
 *
 * @param rows The train rows.
 * @param temperature T, by default 1.
 */
export function logitExtremes(
  { byRow, classes }: Pick<Rows, "byRow"> & { readonly classes: number },
  temperature = 1,
): Columns {
  const gaps = byRow((z) => {
    const second = largestOther(z, tf.argMax(z, 1) as tf.Tensor1D);
    return tf.sub(tf.max(z, 1), second);
  });
  const gap = tf.mean(widen(gaps));
  const near = PRECISIONS.map((precision): Columns => {
    const threshold = scalar(
      temperature * collapseThreshold(precision, classes),
    );
    return {
      [`collapse_threshold.${precision}`]: widen(threshold),
      [`gap_to_threshold.${precision}`]: tf.div(gap, threshold),
    };
  });
  return {
    max_logit: tf.max(byRow((z) => tf.max(z, 1) as tf.Tensor1D)),
    logit_gap: gap,
    ...Object.assign({}, ...near),
  };
}

/** {@link logitExtremes} of a training step; of a regression none. */
export const logits: GraphMetrics = {
  summary: "maximum logit, and how near the logits are to collapse",
  make: ({ loss: { temperature } }) => ({ train: { byRow, classes } }) =>
    classes === undefined ? {} : logitExtremes({ byRow, classes }, temperature),
};
