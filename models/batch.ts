/**
 * Rows of a split as tensors.
 *
 * @module
 */

import type * as tf from "../lib/base/tfjs.ts";
import type { Examples, Split } from "../lib/data/dataset.ts";
import { type HostTensor, hostTensorOf } from "../lib/numeric/tensor.ts";
import type { Model } from "./model.ts";

/** A dataset's rows as tensors. */
export type Batch<T = tf.Tensor> = {
  /** [n, …row] as the model takes them. */
  readonly inputs: T;
  /** [n], the class of each row. */
  readonly labels: T;
};

/** The rows to train on, and those to evaluate on: `test` and others by name. */
export type Batches<T = tf.Tensor> =
  & { readonly train: Batch<T>; readonly test: Batch<T> }
  & { readonly [name: string]: Batch<T> };

/**
 * A part of a split as tensors in the host's memory.
 *
 * @param examples The rows, [n, …row], and their labels, [n].
 * @param model Of it the type and shape of a row.
 */
export function hostBatch(
  { inputs, labels }: Examples,
  { row }: Model,
): Batch<HostTensor> {
  const shape = [labels.length, ...row.shape];
  return {
    inputs: hostTensorOf(row.dtype, shape, inputs.flat()),
    labels: hostTensorOf("int64", [labels.length], labels),
  };
}

/** Every part of a split as tensors in the host's memory. */
export function hostBatches(
  { train, test, extra }: Split,
  model: Model,
): Batches<HostTensor> {
  const parts = Object.entries({ train, test, ...extra });
  return Object.fromEntries(
    parts.map(([name, part]) => [name, hostBatch(part, model)]),
  ) as Batches<HostTensor>;
}
