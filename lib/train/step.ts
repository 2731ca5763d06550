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
import { leavesOf, mapTree } from "../tree.ts";
import { noHook } from "../../models/model.ts";
import { activationsOf } from "../metrics/activations.ts";
import { makeMeasure, type Metrics, type Rows } from "../metrics/mod.ts";
import type { Batch, Batches } from "./batch.ts";
import type { Experiment } from "./experiment.ts";

/** Parameters and optimizer state. */
export type State = { readonly params: Params; readonly optimizer: Params };

/** What a step gives back. */
export interface StepResult {
  /** Parameters and optimizer state after the update. */
  readonly state: State;
  /** The train loss before the update, []. */
  readonly loss: tf.Scalar;
  /** The metrics before the update, where they were asked for. */
  readonly metrics?: Metrics<tf.Tensor>;
}

/**
 * One step: forward, loss, gradient, transformation, update.
 *
 * @param state Parameters and optimizer state before the step.
 * @param batches The rows to train on, and those to evaluate on.
 * @param evaluating Whether metrics are wanted.
 */
export type Step = (
  state: State,
  batches: Batches,
  evaluating?: boolean,
) => StepResult;

// More would only make the graph longer.
const MOST_SLICES = 8;

/**
 * Makes the step of an experiment.
 *
 * @param experiment What to train.
 * @param sliced Whether the train rows may go through the model in slices, where
 * it asks for that: the same sums in another order.
 */
export function makeStep(experiment: Experiment, sliced = false): Step {
  const { model, loss, optimizer, config } = experiment;
  const { lossPrecision } = config;
  const measure = makeMeasure(experiment);
  const lossOf = meanLoss(loss, lossPrecision);
  const logitsOf = (params: Params, { inputs }: Batch) =>
    model.apply(params, inputs, noHook);
  const labelsOf = ({ labels }: Batch) => labels as tf.Tensor1D;

  // In float16 a mean of parts is not the mean of the whole.
  const whole = !sliced || lossPrecision === "float16";
  const slicesOf = (batch: Batch): Batch[] => {
    const n = batch.labels.shape[0]!;
    const { rowsAtOnce = n } = model;
    const count = whole ? 1 : Math.min(Math.ceil(n / rowsAtOnce), MOST_SLICES);
    const ends = Array.from(
      { length: count },
      (_, i) => Math.round(n * (i + 1) / count),
    );
    return ends.map((end, i) => rowsOf(batch, ends[i - 1] ?? 0, end));
  };

  // In slices, so that these rows' activations stay in the cache.
  const rowsAt = (params: Params, slices: readonly Batch[]): Rows => {
    const logits = slices.map((slice) => logitsOf(params, slice));
    const terms = slices.map((slice, i) =>
      loss.terms(logits[i]!, labelsOf(slice), lossPrecision)
    );
    return {
      logits: tf.concat(logits),
      terms: tf.concat(terms),
      labels: tf.concat(slices.map(labelsOf)),
    };
  };

  return (state, { train, ...others }, evaluating = false) => {
    const { params } = state;
    const slices = slicesOf(train);
    const rows = train.labels.shape[0]!;
    const [value, gradients] = slices
      .map((slice) =>
        valueAndGradients(
          (params) => lossOf(logitsOf(params, slice), labelsOf(slice), rows),
          params,
        )
      )
      .reduce(([value, gradients], [v, g]) => [
        tf.add(value, v),
        zipTrees((x, y) => tf.add(x, y), gradients, g),
      ]);
    const [updates, optimizerState] = optimizer.update(
      gradients,
      state.optimizer,
      params,
    );
    const next = {
      params: applyUpdates(params, updates),
      optimizer: optimizerState,
    };
    const result = { state: next, loss: widen(value) };
    if (!evaluating) return result;
    const evaluated = Object.entries(others).map(([name, batch]) =>
      [name, rowsAt(params, slicesOf(batch))] as const
    );
    const metrics = measure({
      params,
      gradients,
      updates,
      next: next.params,
      // Traced, these logits are the ones above: equal expressions merge.
      train: rowsAt(params, slices),
      others: Object.fromEntries(evaluated) as { test: Rows },
      lossAt: (params) => mean(rowsAt(params, slices).terms, lossPrecision),
      activations: () => activationsOf(model, params, train.inputs),
    });
    return { ...result, metrics };
  };
}

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
function valueAndGradients(
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
