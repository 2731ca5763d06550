/**
 * Products and lengths of whole parameter vectors.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import { widen } from "../trace/precision.ts";
import { leavesOf } from "../base/tree.ts";
import { type Params, zipTrees } from "./transform.ts";

/**
 * The inner product of two trees of the same structure, each as one long vector:
 * [], in float64 where there is such a type, because the squares of gradients
 * after a softmax collapse fall below float32's range.
 */
export function dot(a: Params, b: Params): tf.Tensor {
  const products = zipTrees(
    (x, y) => tf.sum(tf.mul(widen(x), widen(y))),
    a,
    b,
  );
  return leavesOf<tf.Tensor>(products)
    .map(([, product]) => product)
    .reduce((sum, product) => tf.add(sum, product));
}

/** The length of a tree as one long vector: [], as {@link dot}. */
export function norm(x: Params): tf.Tensor {
  return tf.sqrt(dot(x, x));
}
