/**
 * The training step as one pure function of tensors. Engines run it; they know
 * nothing else about training.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
import { meanLoss } from "../losses/mod.ts";
import { applyUpdates, type Params } from "../optim/mod.ts";
import { widen } from "../trace/precision.ts";
import { leavesOf, mapTree } from "../tree.ts";
import { noHook } from "../../models/model.ts";
import type { Batch, Experiment } from "./experiment.ts";
import { measure, type Metrics } from "./metrics.ts";

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
 * @param train The rows to train on.
 * @param test The rows to evaluate on; without them metrics are left out.
 */
export type Step = (state: State, train: Batch, test?: Batch) => StepResult;

/** Makes the step of an experiment. */
export function makeStep({ model, loss, optimizer, config }: Experiment): Step {
  const { lossPrecision } = config;
  const lossOf = meanLoss(loss, lossPrecision);
  const logitsOf = (params: Params, { inputs }: Batch) =>
    model.apply(params, inputs, noHook);
  const labelsOf = ({ labels }: Batch) => labels as tf.Tensor1D;

  return (state, train, test) => {
    const { params } = state;
    const [value, gradients] = valueAndGradients(
      (params) => lossOf(logitsOf(params, train), labelsOf(train)),
      params,
    );
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
    if (!test) return result;
    // Traced, the logits below are the ones above: equal expressions merge.
    const metrics = measure({
      params,
      gradients,
      loss,
      lossPrecision,
      trainLogits: logitsOf(params, train),
      trainLabels: labelsOf(train),
      testLogits: logitsOf(params, test),
      testLabels: labelsOf(test),
    });
    return { ...result, metrics };
  };
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
