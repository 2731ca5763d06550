/**
 * Softmax cross-entropy without cancellation.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import type { FloatDType } from "../numeric/tensor.ts";
import { greatest, least } from "../trace/operators/finite_extremes.ts";
import { scalar, toPrecision } from "../trace/precision.ts";
import { type Loss, pick, put } from "./loss.ts";
import { computeIn } from "./measures.ts";
import { softmax } from "./softmax.ts";

// Of the other classes: eₖ = exp(zₖ − m), m being their largest logit, with 0 in
// the label's place; Σe; and u = (m − z_y) + log Σe, by how much their log Σ exp is
// above the label's logit, [n, 1]. Of logits far from 0 the difference comes first:
// it has all digits, and m + log Σe has not.
function others(
  logits: tf.Tensor2D,
  labels: tf.Tensor1D,
  precision: FloatDType,
) {
  const z = toPrecision(toPrecision(logits, precision), computeIn(precision));
  // In the label's place the row's least logit, which is above no other.
  const rest = put(z, labels, least(z, 1) as tf.Tensor1D);
  const most = greatest(rest, 1, true);
  const e = put(
    tf.exp(tf.sub(rest, most)) as tf.Tensor2D,
    labels,
    tf.fill(labels.shape, 0),
  );
  const sum = tf.sum(e, 1, true);
  const above = tf.sub(most, tf.expandDims(pick(z, labels), 1));
  const u = tf.add(above, tf.log(sum));
  return { e, sum, u };
}

/**
 * Softmax cross-entropy, written so that nothing in it cancels. With
 * u = log Σ_{k≠y} exp(zₖ) − z_y, the logarithm of the odds against the label,
 *
 *     L = log(1 + eᵘ) = max(u, 0) + log1p(e^−|u|)
 *     ∂L/∂zₖ = σ(u) · exp(zₖ)/Σ_{j≠y} exp(zⱼ)    for k ≠ y
 *     ∂L/∂z_y = −Σ_{k≠y} ∂L/∂zₖ
 *
 * which are softmax's loss and gradient, the label's entry being the negative sum
 * of the others' instead of p − 1. Softmax Collapse is the rounding of 1 + eᵘ to
 * 1: the loss becomes 0, and so does the label's gradient while the others keep
 * theirs. Here both go on as eᵘ does, the gradient of every row sums to 0, and
 * they end only where eᵘ itself is no number any more. The gap −u at which a row
 * is lost, with eᵘ rounded to the nearest number there is:
 *
 *     precision   softmax collapses at   the loss here is 0 at   its gradient at
 *     float16      7.6 = ln 2¹¹           17.3 = ln 2²⁵           17.3 − ln n
 *     float32     16.6 = ln 2²⁴          104.0 = ln 2¹⁵⁰         104.0 − ln n
 *     float64     36.7 = ln 2⁵³          745.1 = ln 2¹⁰⁷⁵        745.1 − ln n
 *
 * n being the number of rows that the mean is over. So it does collapse in the
 * end, some five to twenty times later in the logits than softmax, and what the
 * logits still gain in length is what the optimizer makes of such small
 * gradients: Adam's second moment, their square, is 0 from half these gaps on. A
 * loss in float64 gives a float32 model its gradients in float32.
 *
 * Source: Prieto et al. (arXiv 2501.04697), Section 3 and Appendix I, on what is
 * lost in p − 1 and log 1.
 */
export const softmaxExact: Loss = {
  name: "softmax-exact",
  precisions: ["float16", "float32", "float64"],
  // In log Z nothing cancels.
  logPartition: softmax.logPartition!,

  terms(logits, labels, precision) {
    const { u } = others(logits, labels, precision);
    const tail = tf.log1p(tf.exp(tf.neg(tf.abs(u))));
    const terms = tf.squeeze<tf.Tensor1D>(tf.add(tf.relu(u), tail), [1]);
    return toPrecision(terms, precision);
  },

  gradient(logits, labels, precision, count) {
    const { e, sum, u } = others(logits, labels, precision);
    // σ(u) = e^min(u, 0) / (1 + e^−|u|)
    const odds = tf.exp(tf.minimum(u, scalar(0)));
    const against = tf.div(
      odds,
      tf.add(tf.exp(tf.neg(tf.abs(u))), scalar(1)),
    );
    const weight = tf.mul(against, scalar(1 / count));
    const pull = tf.mul(tf.div(e, sum), weight);
    const push = tf.neg(tf.sum(pull, 1)) as tf.Tensor1D;
    return toPrecision(put(pull as tf.Tensor2D, labels, push), precision);
  },
};
