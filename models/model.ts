/**
 * What a model is: two functions of plain nested objects.
 *
 * @module
 */

import * as tf from "../lib/base/tfjs.ts";
import type { Tree } from "../lib/base/tree.ts";
import type { RandomKey, RandomStream } from "../lib/numeric/random.ts";
import {
  type FloatDType,
  type HostTensor,
  hostTensorOf,
  sizeOf,
} from "../lib/numeric/tensor.ts";
import { isTracing } from "../lib/trace/backend.ts";
import type { Spec } from "../lib/trace/graph.ts";
import { scalar } from "../lib/trace/precision.ts";
import type { Mode } from "./training_mode.ts";

/** Marks an activation with its name and returns it. */
export type Hook = <T extends tf.Tensor>(name: string, activation: T) => T;

/** A hook that marks nothing. */
export function noHook<T extends tf.Tensor>(_name: string, activation: T): T {
  return activation;
}

/**
 * A hook for a part of a model, whose names begin with the part's.
 *
 * @param hook The hook of the whole.
 * @param part The part's name: what it marks as `hook_z` is `part.hook_z`.
 */
export function within(hook: Hook, part: string): Hook {
  return (name, activation) => hook(`${part}.${name}`, activation);
}

/** An architecture, generic in its tree of parameters. */
export interface Model<P extends Tree<tf.Tensor> = Tree<tf.Tensor>> {
  /** The input's name in checkpoints: what kind of rows the model takes. */
  readonly input: string;
  /** Element type and shape of a row, without the batch dimension. */
  readonly row: Spec;
  /**
   * How many rows to compute at once on a processor: their activations stay in
   * its cache from the forward pass to the backward one. By default all.
   */
  readonly rowsAtOnce?: number;
  /** How many numbers a row's largest activation has, its logits among them. */
  readonly widest?: number;
  /** The parameters' shapes by their paths, known before any is drawn. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  /** How many rows a batch must have to be trained on, by default 1. */
  readonly leastRows?: number;
  /**
   * Random initial parameters, each drawn from a stream of its own.
   *
   * @param key The streams of the seed.
   * @param dtype The precision of the model.
   */
  init(key: RandomKey, dtype: FloatDType): Tree<HostTensor>;
  /**
   * What training changes beside the parameters, by no gradient: running
   * statistics, as they are before the first step. The forward pass finds them
   * among the parameters, at paths that these do not have, and says by
   * {@link Mode.update} what they become.
   *
   * @param dtype The precision of the model.
   */
  buffers?(dtype: FloatDType): Tree<HostTensor>;
  /**
   * The forward pass.
   *
   * @param params The parameters.
   * @param inputs [batch, …row].
   * @param hook Called with each activation that has a name.
   * @param mode What training adds: dropout masks, statistics of the batch; none
   * in evaluation and in checkpoints.
   * @returns Logits, [batch, classes].
   */
  apply(params: P, inputs: tf.Tensor, hook: Hook, mode?: Mode): tf.Tensor2D;
}

/** The model with its logits multiplied by a number. */
export function withScaledLogits(model: Model, alpha: number): Model {
  return {
    ...model,
    apply: (...args) => tf.mul(model.apply(...args), scalar(alpha)),
  };
}

/** Draws each element of a tensor. */
export function drawn(
  stream: RandomStream,
  dtype: FloatDType,
  shape: readonly number[],
  draw: (stream: RandomStream) => number,
): HostTensor {
  const values = Array.from({ length: sizeOf(shape) }, () => draw(stream));
  return hostTensorOf(dtype, shape, values);
}

/**
 * Rows of a table, by index: the product of the indices' one-hot rows with the
 * table, without multiplying. The gradient sums the rows of dy by index; eagerly
 * it is the product one-hotᵀ · dy, since not every backend can sum by index.
 *
 * @param table [rows, width].
 * @param indices [n], integer.
 * @returns [n, width].
 */
export function embed(table: tf.Tensor2D, indices: tf.Tensor1D): tf.Tensor2D {
  const rows = table.shape[0];
  return tf.customGrad((table, save) => {
    (save as tf.GradSaveFunc)([indices]);
    return {
      value: tf.gather(table as tf.Tensor2D, indices),
      gradFunc: (dy, [indices]) => {
        const ids = indices as tf.Tensor1D;
        if (isTracing()) return tf.unsortedSegmentSum(dy, ids, rows);
        return tf.matMul(tf.oneHot(ids, rows) as tf.Tensor2D, dy, true);
      },
    };
  })(table) as tf.Tensor2D;
}
