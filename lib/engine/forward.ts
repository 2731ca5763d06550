/**
 * Rows through the model, in slices where that is of use: logits, and the mean
 * loss with its gradient.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import { meanLoss } from "../losses/mod.ts";
import { type Params, zipTrees } from "../optim/mod.ts";
import type { RowRange } from "../trace/random.ts";
import { leavesOf, mapTree } from "../base/tree.ts";
import { noHook } from "../../models/model.ts";
import type { Batch } from "../../models/batch.ts";
import { withBuffers } from "../../models/buffers.ts";
import type { Experiment } from "../experiment/experiment.ts";
import type { Mode } from "../../models/training_mode.ts";
import { AT_ONCE, numbersPerRow, pieces } from "../../models/size.ts";

/** Rows that go through the model together. */
export interface Slice extends RowRange {
  /** The rows. */
  readonly batch: Batch;
}

/** A model's parameters, and its buffers where it has any. */
export type ModelState = {
  /** The parameters. */
  readonly params: Params;
  /** What {@link Model.buffers} makes. */
  readonly buffers?: Params;
};

/** The model's state and the rows in a tree of tensors. */
export function stateAndRows(
  tensors: Params,
): { readonly state: ModelState; readonly batch: Batch } {
  const { params, buffers, inputs, labels } = tensors as Partial<
    ModelState & Batch
  >;
  return {
    state: { params: params!, ...(buffers && { buffers }) },
    batch: { inputs: inputs!, labels: labels! },
  };
}

/** How many classes logits are of: undefined where labels are targets. */
export const classesOf = (
  logits: tf.Tensor2D,
  labels: tf.Tensor,
): number | undefined => labels.rank === 1 ? logits.shape[1] : undefined;

/** An experiment's forward and backward pass. */
export interface Forward {
  /** The class of each row, [n]; of a regression its targets, [n, outputs]. */
  labelsOf(batch: Batch): tf.Tensor1D;
  /** Logits, [n, classes]. */
  logits(state: ModelState, batch: Batch, mode?: Mode): tf.Tensor2D;
  /**
   * A batch in slices, one behind the other.
   *
   * @param batch The rows.
   * @param training Whether they are trained on: statistics of parts are not those
   * of the batch.
   */
  slicesOf(batch: Batch, training?: boolean): Slice[];
  /**
   * The mean loss of rows with its gradient, in a mode for each slice.
   *
   * @param rows What the mean is over, if these are not all rows.
   */
  lossAndGradients(
    state: ModelState,
    slices: readonly Slice[],
    modes?: readonly Mode[],
    rows?: number,
  ): [loss: tf.Scalar, gradients: Params];
}

// More would only make the graph longer.
const MOST_SLICES = 8;

/**
 * The passes of an experiment.
 *
 * @param experiment Model, loss, precision.
 * @param sliced Whether rows may go in slices that stay in a processor's cache: the
 * same sums in another order. Slices of what would not fit into memory they are in
 * any case.
 */
export function forwardOf(experiment: Experiment, sliced: boolean): Forward {
  const { model, loss, config: { lossPrecision } } = experiment;
  const lossOf = meanLoss(loss, lossPrecision);
  const labelsOf = ({ labels }: Batch) => labels as tf.Tensor1D;
  const logits: Forward["logits"] = ({ params, buffers }, { inputs }, mode) =>
    model.apply(withBuffers(params, buffers), inputs, noHook, mode);
  const perRow = numbersPerRow(experiment);
  // In float16 a mean of parts is not the mean of the whole, nor are statistics
  // of parts those of the batch.
  const whole = !sliced || lossPrecision === "float16" || model.buffers;
  return {
    labelsOf,
    logits,
    slicesOf(batch, training = false) {
      const n = batch.labels.shape[0]!;
      const { rowsAtOnce = n } = model;
      const cached = whole
        ? 1
        : Math.min(Math.ceil(n / rowsAtOnce), MOST_SLICES);
      const bounded = training && model.buffers
        ? 1
        : Math.ceil(n * perRow / AT_ONCE);
      const count = Math.max(cached, bounded);
      return pieces(n, count).map(([first, end]) => ({
        first,
        rows: end - first,
        batch: rowsOf(batch, first, end),
      }));
    },
    lossAndGradients(state, slices, modes = [], rows) {
      const count = rows ?? slices.reduce((sum, { rows }) => sum + rows, 0);
      return slices
        .map(({ batch }, i) =>
          valueAndGradients(
            (params) =>
              lossOf(
                logits({ ...state, params }, batch, modes[i]),
                labelsOf(batch),
                count,
              ),
            state.params,
          )
        )
        .reduce(([value, gradients], [v, g]) => [
          tf.add(value, v),
          zipTrees((x, y) => tf.add(x, y), gradients, g),
        ]);
    },
  };
}

// Rows begin to end of a batch.
function rowsOf({ inputs, labels }: Batch, begin: number, end: number): Batch {
  const cut = (x: tf.Tensor) => tf.slice(x, begin, end - begin);
  return { inputs: cut(inputs), labels: cut(labels) };
}

/** The value of f and its gradient as a tree like the parameters. */
export function valueAndGradients(
  f: (params: Params) => tf.Scalar,
  params: Params,
): [value: tf.Scalar, gradients: Params] {
  const leaves = leavesOf<tf.Tensor>(params);
  const index = new Map(leaves.map(([path], i) => [path, i]));
  const like = (tensors: readonly tf.Tensor[]): Params =>
    mapTree(params, (_: tf.Tensor, path) => tensors[index.get(path)!]!);
  const { value, grads } = tf.valueAndGrads((...tensors: tf.Tensor[]) =>
    f(like(tensors))
  )(leaves.map(([, leaf]) => leaf));
  return [value as tf.Scalar, like(grads)];
}
