/**
 * What a group of metrics is, and what it is computed from.
 *
 * @module
 */

import type * as tf from "../base/tfjs.ts";
import { leavesOf } from "../base/tree.ts";
import type { Sized } from "../../models/size.ts";
import type { Initialised } from "../../models/buffers.ts";
import type { Loss } from "../losses/mod.ts";
import type { FloatDType } from "../numeric/tensor.ts";
import type { HostTensor } from "../numeric/tensor.ts";
import type { SessionOptions } from "../onnx/runtime/options.ts";
import type { Params } from "../optim/mod.ts";

/** What metrics read of an experiment. */
export interface Measurable extends Initialised, Sized {
  /** The precisions of model and loss. */
  readonly config: {
    readonly precision: FloatDType;
    readonly lossPrecision: FloatDType;
  };
  /** The loss that is trained with. */
  readonly loss: Loss;
}

/** What a model and a loss make of rows. */
export interface Rows {
  /** How many logits a row has; undefined in a regression, which has no classes. */
  readonly classes: number | undefined;
  /** The loss of each row, [n], in the loss's precision. */
  readonly terms: tf.Tensor1D;
  /**
   * What each row has by itself, [n]: computed of as many rows at once as went
   * through the model, so that their logits need not be laid end to end.
   *
   * @param f Of logits and labels; gives [m].
   */
  byRow(f: OfRows<tf.Tensor1D>): tf.Tensor1D;
  /**
   * The share of true ones among what each row has several of, [].
   *
   * @param f Of logits and labels; gives bool [m, k].
   */
  share(f: OfRows<tf.Tensor2D>): tf.Scalar;
}

/**
 * A function of logits [m, classes] and labels [m] (in a regression of outputs and
 * targets, [m, outputs] both), any m: of many rows it is
 * computed chunk by chunk, perhaps in a graph of its own, so whatever else it
 * needs it makes itself.
 */
export type OfRows<T extends tf.Tensor> = (
  logits: tf.Tensor2D,
  labels: tf.Tensor1D,
) => T;

/** Tensors by name. */
export type Named = Readonly<Record<string, tf.Tensor>>;

/** What metrics are computed from: a state before an update, and that update. */
export interface Measured {
  /** The parameters θ. */
  readonly params: Params;
  /** Gradient of the train loss at θ. */
  readonly gradients: Params;
  /** Δ, what the optimizer adds to θ. */
  readonly updates: Params;
  /** θ + Δ as it is rounded. */
  readonly next: Params;
  /** The train rows. */
  readonly train: Rows;
  /** The other rows by name, `test` first. */
  readonly others: { readonly test: Rows } & Readonly<Record<string, Rows>>;
  /** The train loss at other parameters, [], in the loss's precision. */
  lossAt(params: Params): tf.Scalar;
  /**
   * Sums over the train rows, by name.
   *
   * @param f Of the activations of some rows by the names of their hooks; gives
   * the sums over these rows. As of {@link OfRows}, it is computed in chunks.
   */
  sums(f: (activations: ReadonlyMap<string, tf.Tensor>) => Named): Named;
  /**
   * The greatest over the train rows, by name, element by element.
   *
   * @param f As of {@link Measured.sums}, of some rows; gives their greatest.
   */
  maxima(f: (activations: ReadonlyMap<string, tf.Tensor>) => Named): Named;
}

/** Metrics by name: scalars, []. A part of the network stands behind a dot. */
export type Columns = Readonly<Record<string, tf.Tensor>>;

/** Metrics that the step's graph computes. */
export interface GraphMetrics {
  /** What they are about, in a few words. */
  readonly summary: string;
  /** Computes the group's metrics for one experiment. */
  make(experiment: Measurable): (measured: Measured) => Columns;
}

/** Measures states in the host's memory. */
export interface Meter {
  /**
   * Measures one state.
   *
   * @param state Parameters as `params.…`, buffers as `buffers.…`; what else it
   * has is not read.
   * @param inputs The train rows, [n, …row].
   */
  measure(
    state: Readonly<Record<string, HostTensor>>,
    inputs: HostTensor,
  ): Promise<Readonly<Record<string, number>>>;
  /** Gives its memory back. */
  close(): Promise<void>;
}

/**
 * Metrics that take more than tensor operations. The engine stops at every
 * evaluation and hands its state over, so these may cost far more than a step;
 * the time is not counted as training.
 */
export interface HostMetrics {
  /** What they are about, in a few words. */
  readonly summary: string;
  /**
   * Opens a meter.
   *
   * @param experiment Of it only the model and the shapes matter.
   * @param options Runtime and threads.
   */
  open(experiment: Measurable, options: SessionOptions): Promise<Meter>;
}

/** A group of metrics: the graph's or the host's. */
export type MetricGroup = GraphMetrics | HostMetrics;

/**
 * A group of metrics, typed as it is.
 *
 * ```ts
 * import { defineMetrics } from "@groklab/groklab";
 * import { norm } from "@groklab/groklab/optim";
 * import { assertEquals } from "@std/assert";
 *
 * // A column `update_norm`: the length of the update as one long vector.
 * const steps = defineMetrics({
 *   summary: "how long each update is",
 *   make: () => ({ updates }) => ({ update_norm: norm(updates) }),
 * });
 * assertEquals(steps.summary, "how long each update is");
 * ```
 *
 * @param group The group, which is given back.
 */
export function defineMetrics<G extends MetricGroup>(group: G): G {
  return group;
}

/**
 * One metric of each parameter tensor: `NAME.PATH`.
 *
 * @param name The metric.
 * @param f Of a tensor of the first tree and those at the same place in the
 * others.
 */
export function byTensor(
  name: string,
  f: (...leaves: tf.Tensor[]) => tf.Tensor,
  first: Params,
  ...others: readonly Params[]
): Columns {
  const rest = others.map((tree) => leavesOf<tf.Tensor>(tree));
  return Object.fromEntries(
    leavesOf<tf.Tensor>(first).map(([path, leaf], i) => [
      `${name}.${path}`,
      f(leaf, ...rest.map((leaves) => leaves[i]![1])),
    ]),
  );
}
