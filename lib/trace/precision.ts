/**
 * Numbers and element types in functions that run both eagerly and traced.
 *
 * TensorFlow.js has one floating type, float32. Traced, a tensor may be
 * float16, float32 or float64; these functions say so in the function's own
 * text, so that the same lines describe every precision.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import type { FloatDType } from "../numeric/tensor.ts";
import { isTracing } from "./backend.ts";

/**
 * A number as a tensor of shape []. Traced, it keeps all its digits and takes
 * the floating type of what it meets. Numbers given to TensorFlow.js itself go
 * through float32: of those, the shortest decimal is restored (0.1 stays 0.1),
 * but 1/3 has float32's digits and 1e-50 is 0.
 *
 * @param value The number.
 */
export function scalar(value: number): tf.Scalar {
  return tf.fill([], value) as tf.Scalar;
}

/**
 * Converts a tensor to a floating type, differentiably (the gradient comes back
 * in the tensor's own type).
 *
 * @param x Any tensor, any shape.
 * @param dtype The type to compute in from here on.
 * @throws {TypeError} when run eagerly with a type other than float32.
 */
export function toPrecision<T extends tf.Tensor>(x: T, dtype: FloatDType): T {
  if (!isTracing()) {
    if (dtype === "float32") return x;
    throw new TypeError(
      `Cannot compute in ${dtype} on TensorFlow.js: it has only float32. ` +
        "Use the onnx engine",
    );
  }
  return tf.customGrad((x) => ({
    value: tf.engine().runKernel("ToPrecision", { x: x as tf.Tensor }, {
      dtype,
    }) as tf.Tensor,
    gradFunc: (dy) => castLike(dy, x as tf.Tensor),
  }))(x) as T;
}

/**
 * Converts a tensor to the floating type of another, differentiably.
 *
 * @param x The tensor, of any floating type.
 * @param like A tensor of the type that is wanted.
 */
export function castLike<T extends tf.Tensor>(x: T, like: tf.Tensor): T {
  if (!isTracing()) return x;
  return tf.customGrad((x) => ({
    value: tf.engine().runKernel("CastLike", {
      x: x as tf.Tensor,
      like,
    }) as tf.Tensor,
    gradFunc: (dy) => castLike(dy, x as tf.Tensor),
  }))(x) as T;
}

/**
 * Converts a tensor to float64 where there is such a type, for sums and norms
 * whose squares would leave the range of float32.
 *
 * @param x Any tensor, any shape.
 */
export function widen<T extends tf.Tensor>(x: T): T {
  return isTracing() ? toPrecision(x, "float64") : x;
}
