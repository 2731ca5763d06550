/**
 * Extremes of numbers of which none is NaN, or where a NaN is seen elsewhere.
 *
 * @module
 */

import * as tf from "../../base/tfjs.ts";

const extreme =
  (kernel: "Max" | "Min", axes: "reductionIndices" | "axis") =>
  (x: tf.Tensor, axis: number, keepDims = false): tf.Tensor =>
    tf.engine().runKernel(kernel, { x }, {
      [axes]: [axis],
      keepDims,
      passNaN: true,
    }) as tf.Tensor;

/**
 * The largest element along an axis: `tf.max`, traced as one node. A NaN among the
 * elements may be passed over, which tf.max takes five nodes to prevent: for losses,
 * where that NaN makes its row's loss NaN anyway.
 */
export const greatest: (
  x: tf.Tensor,
  axis: number,
  keepDims?: boolean,
) => tf.Tensor = extreme("Max", "reductionIndices");

/** The smallest element along an axis; as {@link greatest}. */
export const least: (
  x: tf.Tensor,
  axis: number,
  keepDims?: boolean,
) => tf.Tensor = extreme("Min", "axis");

/** Where along an axis the largest element is; as {@link greatest}. */
export function placeOfGreatest(x: tf.Tensor, axis: number): tf.Tensor {
  const attributes = { axis, passNaN: true };
  return tf.engine().runKernel("ArgMax", { x }, attributes) as tf.Tensor;
}

/** The k largest of a vector, in order; as {@link greatest}. */
export function greatestOf(x: tf.Tensor, k: number): tf.Tensor {
  const attributes = { k, sorted: true, passNaN: true };
  const [values] = tf.engine()
    .runKernel("TopK", { x }, attributes) as tf.Tensor[];
  return values!;
}
