/**
 * The training step as one pure function of tensors. Engines run it; they know
 * nothing else about training.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import { mean } from "../losses/mod.ts";
import { fraction } from "../losses/measures.ts";
import type { Params } from "../optim/mod.ts";
import type { Draw } from "../trace/random.ts";
import { activationsOf } from "../metrics/activations.ts";
import {
  type GraphMeasure,
  makeMeasure,
  type Measured,
  type Rows,
} from "../metrics/mod.ts";
import type { Batches } from "../../models/batch.ts";
import { withBuffers } from "../../models/buffers.ts";
import type { Experiment } from "../experiment/experiment.ts";
import { classesOf, forwardOf, type Slice } from "./forward.ts";
import type { State } from "./state.ts";
import { makeUpdate, type StepResult } from "./update.ts";

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
  measure: GraphMeasure = makeMeasure(experiment),
): Step {
  const { model, loss, config: { lossPrecision } } = experiment;
  const forward = forwardOf(experiment, sliced);
  const { labelsOf, slicesOf } = forward;
  const update = makeUpdate(experiment, forward);

  return (state, draw, { train, ...others }, evaluating = false) => {
    const { params, buffers = {} } = state;
    const { result, gradients, updates, slices, asTrained } = update(
      state,
      draw,
      train,
    );
    if (!evaluating) return result;
    // In slices, so that these rows' activations stay in the cache.
    const rowsAt = (params: Params, slices: readonly Slice[]): Rows => {
      const logits = slices.map(({ batch }) =>
        forward.logits({ params, buffers }, batch)
      );
      const labels = slices.map(({ batch }) => labelsOf(batch));
      const byRow: Rows["byRow"] = (f) =>
        tf.concat(logits.map((z, i) => f(z, labels[i]!)));
      return {
        classes: classesOf(logits[0]!, labels[0]!),
        terms: byRow((z, y) => loss.terms(z, y, lossPrecision)),
        byRow,
        share: (f) => fraction(f(tf.concat(logits), tf.concat(labels))),
      };
    };
    // Traced, the logits of the train rows are the ones above where the step
    // trains on all of them and as they are: equal expressions merge.
    const all = asTrained ? slices : slicesOf(train);
    const evaluated = Object.entries(others).map(([name, batch]) =>
      [name, rowsAt(params, slicesOf(batch))] as const
    );
    const ofActivations: Measured["sums"] = (f) =>
      f(activationsOf(model, withBuffers(params, buffers), train.inputs));
    const metrics = measure({
      params,
      gradients: asTrained
        ? gradients
        : forward.lossAndGradients({ params, buffers }, all)[1],
      updates,
      next: result.state.params,
      train: rowsAt(params, all),
      others: Object.fromEntries(evaluated) as { test: Rows },
      lossAt: (params) => mean(rowsAt(params, all).terms, lossPrecision),
      sums: ofActivations,
      maxima: ofActivations,
    });
    return { ...result, metrics };
  };
}
