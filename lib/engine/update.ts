/**
 * The update of a training step: forward, loss, gradient, transformation.
 *
 * @module
 */

import type * as tf from "../base/tfjs.ts";
import { applyUpdates, type Params } from "../optim/mod.ts";
import { widen } from "../trace/precision.ts";
import type { Draw } from "../trace/random.ts";
import { mapTree } from "../base/tree.ts";
import type { Batch } from "../../models/batch.ts";
import type { Experiment } from "../experiment/experiment.ts";
import type { Forward, Slice } from "./forward.ts";
import { drawBatch, type Epoch } from "./mini_batches.ts";
import { trainingMode } from "../../models/training_mode.ts";
import type { Metrics } from "../metrics/mod.ts";
import type { State } from "./state.ts";

/** What a step gives back. */
export type StepResult = {
  /** The state after the update. */
  readonly state: State;
  /** The loss of the step's rows before the update, []. */
  readonly loss: tf.Scalar;
  /** The metrics before the update, where they were asked for. */
  readonly metrics?: Metrics<tf.Tensor>;
  /** The order of the train rows, where they come in mini-batches. */
  readonly epoch?: Epoch;
};

/** What an update is made of. */
export interface Update {
  /** The state after it, the loss before it, and the epoch. */
  readonly result: StepResult;
  /** The gradient of the loss of the step's rows. */
  readonly gradients: Params;
  /** What is added to the parameters. */
  readonly updates: Params;
  /** The step's rows as they went through the model. */
  readonly slices: readonly Slice[];
  /** Whether these are all train rows, computed as in evaluation. */
  readonly asTrained: boolean;
}

/** Makes the update of an experiment's step. */
export function makeUpdate(
  { optimizer, config: { batchSize } }: Experiment,
  { slicesOf, lossAndGradients }: Forward,
): (state: State, draw: Draw, train: Batch) => Update {
  return (state, draw, train) => {
    const { params, buffers = {} } = state;
    const drawn = batchSize === null
      ? undefined
      : drawBatch(draw, train, batchSize);
    const slices = slicesOf(drawn?.batch ?? train, true);
    const modes = slices.map((range) => trainingMode(draw, range));
    const [value, gradients] = lossAndGradients(state, slices, modes);
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
    const asTrained = !drawn && !modes.some(({ used }) => used);
    return { result, gradients, updates, slices, asTrained };
  };
}

// The buffers after a forward pass in training.
const updated = (
  buffers: Params,
  updates: ReadonlyMap<string, tf.Tensor>,
): Params =>
  mapTree(buffers, (leaf: tf.Tensor, path) => updates.get(path) ?? leaf);
