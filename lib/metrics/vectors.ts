/**
 * Parameters as one long vector: products, lengths, shares of its entries.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import { fraction } from "../losses/measures.ts";
import { scalar, widen } from "../trace/precision.ts";
import { leavesOf } from "../base/tree.ts";
import type { Params } from "../optim/mod.ts";
import { byTensor, type Columns } from "./group.ts";

// Of trees, as whole vectors.
export { dot as dotAll, norm as normAll } from "../optim/mod.ts";

/**
 * a·b of two tensors of one shape, []; in float64, because the squares of
 * gradients after softmax collapse fall below float32's range.
 */
export function dot(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  return tf.sum(tf.mul(widen(a), widen(b)));
}

/** ‖x‖ of a tensor, []. */
export function norm(x: tf.Tensor): tf.Tensor {
  return tf.sqrt(dot(x, x));
}

/**
 * cos(w, −g) from the product of w and g and their lengths. Where one of them is
 * zero there is no angle: 0/0 is NaN.
 */
export function cosNegative(
  product: tf.Tensor,
  weightNorm: tf.Tensor,
  gradientNorm: tf.Tensor,
): tf.Tensor {
  return tf.neg(tf.div(tf.div(product, weightNorm), gradientNorm));
}

/**
 * The share of the entries that a flag is set for: of all of them under NAME, of
 * each tensor under NAME.PATH.
 *
 * @param name The metric.
 * @param flag Whether it is so, for each entry: bool of the tensors' shape.
 */
export function flaggedShares(
  name: string,
  flag: (...leaves: tf.Tensor[]) => tf.Tensor,
  first: Params,
  ...others: readonly Params[]
): Columns {
  const own = byTensor(
    name,
    (...leaves) => fraction(flag(...leaves)),
    first,
    ...others,
  );
  const sizes = leavesOf<tf.Tensor>(first).map(([, { size }]) => size);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const all = Object.values(own)
    .map((share, i) => tf.mul(share, scalar(sizes[i]! / total)))
    .reduce((sum, x) => tf.add(sum, x));
  return { [name]: all, ...own };
}
