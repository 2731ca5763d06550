/**
 * Scalars of small networks, to be differentiated.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
import { type HostTensor, toNumbers } from "../../lib/numeric/tensor.ts";
import { f64, numbers, type Run } from "./_run.ts";

export type Scalar = (...x: tf.Tensor[]) => tf.Scalar;

export const total = (x: tf.Tensor) => tf.sum(x) as tf.Scalar;

export const [w1, w2, batch] = [
  numbers([3, 4]),
  numbers([4, 2], 2),
  numbers([5, 3], 3),
];

export const labels = () => tf.oneHot(tf.tensor1d([0, 1, 1, 0, 1], "int32"), 2);

/** A network of two layers and its loss. */
export const network = (
  activation: (x: tf.Tensor) => tf.Tensor,
  loss: (logits: tf.Tensor) => tf.Scalar,
): Scalar =>
(w1, w2, batch) => loss(tf.matMul(activation(tf.matMul(batch!, w1!)), w2!));

export const squaredError = (logits: tf.Tensor) =>
  tf.mean(tf.squaredDifference(logits, labels())) as tf.Scalar;

/** What is compared to a difference of float64 values. */
export const TO_DIFFERENCE = { relative: 1e-7, absolute: 1e-9 };

const STEP = 1e-5;

/** The tensors moved along a direction, in float64. */
export const along = (
  inputs: readonly HostTensor[],
  directions: readonly ArrayLike<number>[],
  by: number,
) =>
  inputs.map((input, n) =>
    f64(
      input.shape,
      toNumbers(input).map((x, i) => x + by * (directions[n]?.[i] ?? 0)),
    )
  );

/** The derivatives of a traced function's results along a direction. */
export async function difference(
  run: Run,
  inputs: readonly HostTensor[],
  directions: readonly ArrayLike<number>[],
): Promise<Float64Array[]> {
  const ahead = await run(along(inputs, directions, STEP));
  const behind = await run(along(inputs, directions, -STEP));
  return ahead.map((x, n) => {
    const before = toNumbers(behind[n]!);
    return toNumbers(x).map((x, i) => (x - before[i]!) / (2 * STEP));
  });
}
