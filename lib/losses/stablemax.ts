/**
 * StableMax cross-entropy in float32 or float64.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import { scalar, toPrecision } from "../trace/precision.ts";
import { type Loss, pick, put } from "./loss.ts";

/**
 * s(x) = x + 1 for x ≥ 0, 1/(1 − x) for x < 0, together with the slope's root:
 * with r = 1/(1 + relu(−x)), s = relu(x) + r and s′ = r², on both sides. The
 * difference relu(x) − x is relu(−x), without rounding.
 *
 * @param x Any shape, any floating type.
 * @returns s and r, of the shape of x.
 * Source: Prieto et al. (arXiv 2501.04697), Eq. 5.
 */
export function stableMaxTerms<T extends tf.Tensor>(x: T): { s: T; r: T } {
  const above = tf.relu(x);
  const below = tf.sub(above, x);
  const r = tf.reciprocal(tf.add(below, scalar(1))) as T;
  return { s: tf.add(above, r), r };
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

  // ∂L/∂z_k = s′(z_k) · (1/Σs − 1[k = y]/s(z_y)) / count
  gradient(logits, labels, precision, count) {
    const { s, r } = stableMaxTerms(toPrecision(logits, precision));
    const weight = scalar(1 / count);
    const all = tf.div(weight, tf.sum(s, 1));
    const others = tf.mul(tf.square(r), tf.expandDims(all, 1)) as tf.Tensor2D;
    const chosen = pick(s, labels);
    const slope = tf.square(tf.minimum(chosen, scalar(1))); // r = min(s, 1)
    const own = tf.mul(slope, tf.sub(all, tf.div(weight, chosen)));
    return put(others, labels, own as tf.Tensor1D);
  },
};
