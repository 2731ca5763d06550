/**
 * The training step as one pure function of tensors. Engines run it; they know
 * nothing else about training.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
import { mean, meanLoss } from "../losses/mod.ts";
import { applyUpdates, type Params, zipTrees } from "../optim/mod.ts";
import { widen } from "../trace/precision.ts";
import type { Draw, RowRange } from "../trace/random.ts";
import { leavesOf, mapTree } from "../tree.ts";
import { noHook } from "../../models/model.ts";
import { activationsOf } from "../metrics/activations.ts";
import { makeMeasure, type Metrics, type Rows } from "../metrics/mod.ts";
import type { Batch, Batches } from "./batch.ts";
import { withBuffers } from "./buffers.ts";
import type { Experiment } from "./experiment.ts";
import { drawBatch, type Epoch } from "./mini_batches.ts";
import { type Mode, trainingMode } from "./mode.ts";

/** What a step changes. */
export type State = {
  readonly params: Params;
  /** What {@link Model.buffers} makes, where the model has any. */
  readonly buffers?: Params;
  readonly optimizer: Params;
};

/** What a step gives back. */
export interface StepResult {
  /** The state after the update. */
  readonly state: State;
  /** The loss of the step's rows before the update, []. */
  readonly loss: tf.Scalar;
  /** The metrics before the update, where they were asked for. */
  readonly metrics?: Metrics<tf.Tensor>;
  /** The order of the train rows, where they come in mini-batches. */
  readonly epoch?: Epoch;
}

/**
 * One step: forward, loss, gradient, transformation, update.
 *
 * @param state The state before the step.
 * @param draw What is random in it, as a function of seed and step.
 * @param batches The rows to train on, and those to evaluate on.
 * @param evaluating Whether metrics are wanted.
 */
export type Step = (
  state: State,
  draw: Draw,
  batches: Batches,
  evaluating?: boolean,
) => StepResult;

// Rows that go through the model together.
interface Slice extends RowRange {
  readonly batch: Batch;
}

// More would only make the graph longer.
const MOST_SLICES = 8;

/**
 * Makes the step of an experiment.
 *
 * @param experiment What to train.
 * @param sliced Whether the train rows may go through the model in slices, where
 * it asks for that: the same sums in another order.
 * @param measure What measures a state; made anew it cannot be while tracing.
 */
export function makeStep(
  experiment: Experiment,
  sliced = false,
  measure = makeMeasure(experiment),
): Step {
  const { model, loss, optimizer, config } = experiment;
  const { lossPrecision, batchSize } = config;
  const lossOf = meanLoss(loss, lossPrecision);
  const labelsOf = ({ labels }: Batch) => labels as tf.Tensor1D;

  // In float16 a mean of parts is not the mean of the whole, nor are statistics
  // of parts those of the batch.
  const whole = !sliced || lossPrecision === "float16" || model.buffers;
  const slicesOf = (batch: Batch): Slice[] => {
    const n = batch.labels.shape[0]!;
    const { rowsAtOnce = n } = model;
    const count = whole ? 1 : Math.min(Math.ceil(n / rowsAtOnce), MOST_SLICES);
    const ends = Array.from(
      { length: count },
      (_, i) => Math.round(n * (i + 1) / count),
    );
    return ends.map((end, i) => {
      const first = ends[i - 1] ?? 0;
      return { first, rows: end - first, batch: rowsOf(batch, first, end) };
    });
  };

  return (state, draw, { train, ...others }, evaluating = false) => {
    const { params, buffers = {} } = state;
    const logitsOf = (params: Params, { inputs }: Batch, mode?: Mode) =>
      model.apply(withBuffers(params, buffers), inputs, noHook, mode);
    // The mean loss of rows with its gradient, in a mode for each slice.
    const lossAndGradients = (
      slices: readonly Slice[],
      modes: readonly Mode[] = [],
    ): [loss: tf.Scalar, gradients: Params] => {
      const rows = slices.reduce((sum, { rows }) => sum + rows, 0);
      return slices
        .map(({ batch }, i) =>
          valueAndGradients(
            (params) =>
              lossOf(logitsOf(params, batch, modes[i]), labelsOf(batch), rows),
            params,
          )
        )
        .reduce(([value, gradients], [v, g]) => [
          tf.add(value, v),
          zipTrees((x, y) => tf.add(x, y), gradients, g),
        ]);
    };

    const drawn = batchSize === null
      ? undefined
      : drawBatch(draw, train, batchSize);
    const slices = slicesOf(drawn?.batch ?? train);
    const modes = slices.map((range) => trainingMode(draw, range));
    const [value, gradients] = lossAndGradients(slices, modes);
    const [updates, optimizerState] = optimizer.update(
      gradients,
      state.optimizer,
      params,
    );
    const next = {
      params: applyUpdates(params, updates),
      ...(state.buffers && { buffers: updated(buffers, modes[0]!.updates) }),
      optimizer: optimizerState,
    };
    const result = {
      state: next,
      loss: widen(value),
      ...(drawn && { epoch: drawn.epoch }),
    };
    if (!evaluating) return result;
    // In slices, so that these rows' activations stay in the cache.
    const rowsAt = (params: Params, slices: readonly Slice[]): Rows => {
      const logits = slices.map(({ batch }) => logitsOf(params, batch));
      const labels = slices.map(({ batch }) => labelsOf(batch));
      const byRow: Rows["byRow"] = (f) =>
        tf.concat(logits.map((z, i) => f(z, labels[i]!)));
      return {
        logits: tf.concat(logits),
        terms: byRow((z, y) => loss.terms(z, y, lossPrecision)),
        labels: tf.concat(labels),
        byRow,
      };
    };
    // Traced, the logits of the train rows are the ones above where the step
    // trains on all of them and as they are: equal expressions merge.
    const asTrained = !drawn && !modes.some(({ used }) => used);
    const all = asTrained ? slices : slicesOf(train);
    const evaluated = Object.entries(others).map(([name, batch]) =>
      [name, rowsAt(params, slicesOf(batch))] as const
    );
    const metrics = measure({
      params,
      gradients: asTrained ? gradients : lossAndGradients(all)[1],
      updates,
      next: next.params,
      train: rowsAt(params, all),
      others: Object.fromEntries(evaluated) as { test: Rows },
      lossAt: (params) => mean(rowsAt(params, all).terms, lossPrecision),
      activations: () =>
        activationsOf(model, withBuffers(params, buffers), train.inputs),
    });
    return { ...result, metrics };
  };
}

// The buffers after a forward pass in training.
const updated = (
  buffers: Params,
  updates: ReadonlyMap<string, tf.Tensor>,
): Params =>
  mapTree<tf.Tensor, tf.Tensor, Params>(
    buffers,
    (leaf, path) => updates.get(path) ?? leaf,
  ) as Params;

// Rows begin to end of a batch.
function rowsOf({ inputs, labels }: Batch, begin: number, end: number): Batch {
  const cut = (x: tf.Tensor) =>
    tf.slice(x, [begin, ...x.shape.slice(1).map(() => 0)], [
      end - begin,
      ...x.shape.slice(1),
    ]);
  return { inputs: cut(inputs), labels: cut(labels) };
}

/** The value of f and its gradient as a tree like the parameters. */
export function valueAndGradients(
  f: (params: Params) => tf.Scalar,
  params: Params,
): [value: tf.Scalar, gradients: Params] {
  const leaves = leavesOf<tf.Tensor>(params);
  const index = new Map(leaves.map(([path], i) => [path, i]));
  const like = (tensors: readonly tf.Tensor[]) =>
    mapTree<tf.Tensor, tf.Tensor, Params>(
      params,
      (_, path) => tensors[index.get(path)!]!,
    ) as Params;
  const { value, grads } = tf.valueAndGrads((...tensors: tf.Tensor[]) =>
    f(like(tensors))
  )(leaves.map(([, leaf]) => leaf));
  return [value as tf.Scalar, like(grads)];
}
