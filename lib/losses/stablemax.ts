/**
 * StableMax cross-entropy in float32 or float64.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
import { scalar, toPrecision } from "../trace/precision.ts";
import { type Loss, oneHot, perRow, pick } from "./loss.ts";

/**
 * s(x) = x + 1 for x ≥ 0, 1/(1 − x) for x < 0, together with the slope's root:
 * with r = 1/(1 + relu(−x)), s = relu(x) + r and s′ = r², on both sides.
 *
 * @param x Any shape, any floating type.
 * @returns s and r, of the shape of x.
 * Source: Prieto et al. (arXiv 2501.04697), Eq. 5.
 */
export function stableMaxTerms<T extends tf.Tensor>(x: T): { s: T; r: T } {
  const r = tf.div(scalar(1), tf.add(tf.relu(tf.neg(x)), scalar(1))) as T;
  return { s: tf.add(tf.relu(x), r), r };
}

/**
 * StableMax cross-entropy, −log(s(z_y) / Σ_k s(z_k)): the division first, then
 * the logarithm, and no maximum subtracted.
 *
 * Source: Prieto et al. (arXiv 2501.04697), Section 4.1.
 */
export const stableMax: Loss = {
  name: "stablemax",
  precisions: ["float32", "float64"],

  terms(logits, labels, precision) {
    const { s } = stableMaxTerms(toPrecision(logits, precision));
    return tf.neg(tf.log(tf.div(pick(s, labels), tf.sum(s, 1))));
  },

  // ∂L/∂z_k = s′(z_k) · (1/Σs − 1[k = y]/s(z_y)) / n
  gradient(logits, labels, precision) {
    const { s, r } = stableMaxTerms(toPrecision(logits, precision));
    const weight = perRow(logits);
    const all = tf.div(weight, tf.sum(s, 1, true));
    const own = tf.expandDims(tf.div(weight, pick(s, labels)), 1);
    const target = oneHot(labels, logits.shape[1]);
    return tf.mul(tf.square(r), tf.sub(all, tf.mul(target, own)));
  },
};
