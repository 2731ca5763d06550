/**
 * Batch normalisation.
 *
 * @module
 */

import * as tf from "../../lib/base/tfjs.ts";
import {
  type FloatDType,
  type HostTensor,
  hostTensorOf,
} from "../../lib/numeric/tensor.ts";
import { scalar } from "../../lib/trace/precision.ts";
import type { Mode } from "../training_mode.ts";
import type { NormParams } from "./norm.ts";

/** Parameters and buffers of a batch normalisation, each [width]. */
export type BatchNormParams<Leaf = tf.Tensor> = NormParams<Leaf> & {
  /** Running estimate of the mean; a buffer. */
  readonly running_mean: Leaf;
  /** Running estimate of the variance; a buffer. */
  readonly running_var: Leaf;
};

/** PyTorch's, added to the variance. */
const EPSILON = 1e-5;
/** PyTorch's: how much of a running estimate a step replaces. */
const MOMENTUM = 0.1;

/**
 * (x − μ)/√(σ² + 10⁻⁵) · w + b over the rows. In training μ and σ² are the
 * batch's, σ² being the mean square, and the running estimates become
 * 0.9 r + 0.1 μ and 0.9 r + 0.1 σ²n/(n − 1), n the number of rows; in evaluation
 * μ and σ² are the running estimates.
 *
 * Source: Ioffe & Szegedy (arXiv 1502.03167), Algorithm 1; running estimates as
 * in torch.nn.BatchNorm1d.
 *
 * @param x [batch, width]; in training 2 rows or more.
 * @param params Parameters and buffers.
 * @param path Where they lie among the model's tensors.
 * @param mode Of the forward pass; undefined in evaluation.
 * @returns [batch, width].
 * @throws {RangeError} if there is but one row to train on: it has no variance.
 */
export function batchNorm(
  x: tf.Tensor2D,
  { w, b, running_mean, running_var }: BatchNormParams,
  path: string,
  mode: Mode | undefined,
): tf.Tensor2D {
  const normalised = (mean: tf.Tensor, variance: tf.Tensor) => {
    const scale = tf.div(w, tf.sqrt(tf.add(variance, scalar(EPSILON))));
    return tf.add(tf.mul(tf.sub(x, mean), scale), b) as tf.Tensor2D;
  };
  if (!mode) return normalised(running_mean, running_var);
  const n = x.shape[0];
  if (n < 2) {
    throw new RangeError(
      `Cannot normalise a batch of ${n} row: its variance wants 2 or more`,
    );
  }
  const mean = tf.mean(x, 0);
  const variance = tf.mean(tf.square(tf.sub(x, mean)), 0);
  const moved = (running: tf.Tensor, now: tf.Tensor) =>
    tf.add(
      tf.mul(running, scalar(1 - MOMENTUM)),
      tf.mul(now, scalar(MOMENTUM)),
    );
  const unbiased = tf.mul(variance, scalar(n / (n - 1)));
  mode.update(`${path}.running_mean`, moved(running_mean, mean));
  mode.update(`${path}.running_var`, moved(running_var, unbiased));
  return normalised(mean, variance);
}

/**
 * The buffers of a batch normalisation before the first step: 0 and 1.
 *
 * @param path What stands before the buffers' names.
 * @param width How many numbers a row has.
 * @param dtype Their type, that of the model.
 */
export function batchNormBuffers(
  path: string,
  width: number,
  dtype: FloatDType,
): [path: string, buffer: HostTensor][] {
  const filled = (value: number) =>
    hostTensorOf(dtype, [width], Array(width).fill(value));
  return [
    [`${path}.running_mean`, filled(0)],
    [`${path}.running_var`, filled(1)],
  ];
}
