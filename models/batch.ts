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
  /** [n], the class of each row; of a regression [n, outputs], its targets. */
  readonly labels: T;
};

/**
 * The rows to train on, and those to evaluate on: `test`, where there are any, and
 * others by name.
 */
export type Batches<T = tf.Tensor> =
  & { readonly train: Batch<T>; readonly test: Batch<T> }
  & { readonly [name: string]: Batch<T> };

/**
 * A part of a split as tensors in the host's memory.
 *
 * @param examples The rows, [n, …row], and their labels, int64 [n], or targets,
 * float32 [n, outputs].
 * @param model Of it the type and shape of a row.
 */
export function hostBatch(
  { inputs, labels, targets }: Examples,
  { row }: Model,
): Batch<HostTensor> {
  const n = inputs.length;
  return {
    inputs: hostTensorOf(row.dtype, [n, ...row.shape], inputs.flat()),
    labels: targets
      ? hostTensorOf("float32", [n, targets[0]?.length ?? 0], targets.flat())
      : hostTensorOf("int64", [n], labels),
  };
}

/** Every part of a split that has rows as tensors in the host's memory. */
export function hostBatches(
  { train, test, extra }: Split,
  model: Model,
): Batches<HostTensor> {
  const parts = Object.entries({ train, test, ...extra })
    .filter(([, { inputs }]) => inputs.length > 0);
  return Object.fromEntries(
    parts.map(([name, part]) => [name, hostBatch(part, model)]),
  ) as Batches<HostTensor>;
}
