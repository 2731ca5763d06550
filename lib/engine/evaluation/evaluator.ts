/**
 * Evaluation of experiments whose rows are too many to be in memory at once: the
 * same metrics, of rows that go through the model chunk by chunk.
 *
 * @module
 */

import type * as tf from "../../base/tfjs.ts";
import { type Batch, hostBatches } from "../../../models/batch.ts";
import {
  type HostState,
  prefixed,
  under,
  withBuffers,
} from "../../../models/buffers.ts";
import { CHUNK, numbersPerRow } from "../../../models/size.ts";
import type { Tree } from "../../base/tree.ts";
import type { Experiment } from "../../experiment/experiment.ts";
import { activationsOf } from "../../metrics/activations.ts";
import type { Metrics } from "../../metrics/mod.ts";
import type { HostTensor } from "../../numeric/tensor.ts";
import { applyUpdates, type Params } from "../../optim/mod.ts";
import type { Draw } from "../../trace/random.ts";
import { type Forward, forwardOf, stateAndRows } from "../forward.ts";
import { metricsOf, stateOf } from "../state.ts";
import { makeUpdate } from "../update.ts";
import { namedPasses, type OpenPass, type PassFunction } from "./passes.ts";
import { type Questions, questionsOf } from "./questions.ts";

/** Measures states of one experiment. */
export interface Evaluator {
  /**
   * The metrics of a state.
   *
   * @param state Parameters, buffers and optimizer state.
   * @param step Updates made before.
   */
  measure(state: HostState, step: number): Promise<Metrics>;
  /** Gives its memory back. */
  close(): Promise<void>;
}

// Long: what an evaluation does one after the other shares the rows and the passes.
/**
 * Opens the evaluation of an experiment in chunks.
 *
 * @param experiment What is trained.
 * @param open What prepares functions for running.
 * @param rowsAtOnce How many rows go through the model at once.
 */
export function openEvaluator(
  experiment: Experiment,
  open: OpenPass,
  rowsAtOnce: number = Math.ceil(CHUNK / numbersPerRow(experiment)),
): Evaluator {
  const data = hostBatches(experiment.split, experiment.model);
  const questions = questionsOf(experiment, data);
  const forward = forwardOf(experiment, false);
  const finish = finishing(experiment, forward, questions);
  const passes = namedPasses(open, rowsAtOnce);

  // What the rows of a set answer, and the sums over them; or their losses alone.
  const answers = (
    set: string,
    model: HostState,
    step: number,
    terms = false,
  ): Promise<HostState> => {
    const rows = data[set]!;
    const n = rows.labels.shape[0]!;
    const fn = answering(questions, forward, experiment, set, n, terms);
    return passes.overRows(`${set} ${terms}`, fn, model, rows, step);
  };

  return {
    async measure(state, step) {
      const model = Object.fromEntries(
        Object.entries(state).filter(([path]) =>
          !path.startsWith("optimizer.")
        ),
      );
      const feeds: Record<string, HostTensor> = {
        ...state,
        ...prefixed("data.", data.train),
      };
      for (const set of Object.keys(data)) {
        Object.assign(feeds, await answers(set, model, step));
      }
      if (questions.losses > 0) {
        const there = await passes.run("parameters", finish(true), feeds, step);
        for (let i = 0; i < questions.losses; i++) {
          const moved = {
            ...model,
            ...prefixed("params.", under(there, `at.${i}.`)),
          };
          const own = await answers("train", moved, step, true);
          feeds[`terms.${i}`] = own["rows.train.0"]!;
        }
      }
      const found = await passes.run("metrics", finish(false), feeds, step);
      return metricsOf(under(found, "metrics."));
    },
    close: () => passes.close(),
  };
}

const numbered = <T>(items: readonly T[]): Record<string, T> =>
  Object.fromEntries(items.map((item, i) => [i, item]));

// What some rows of a set answer; of the train rows their part of the gradient.
const answering = (
  questions: Questions,
  forward: Forward,
  { model }: Experiment,
  set: string,
  n: number,
  terms: boolean,
): PassFunction =>
(tensors): Tree<tf.Tensor> => {
  const { state, batch } = stateAndRows(tensors);
  const [z, y] = [forward.logits(state, batch), forward.labelsOf(batch)];
  const asked = questions.rows[set]!.slice(0, terms ? 1 : undefined);
  const rows = { [set]: numbered(asked.map(({ of }) => of(z, y))) };
  if (set !== "train" || terms) return { rows };
  const slice = { first: 0, rows: y.shape[0], batch };
  const [, gradients] = forward.lossAndGradients(state, [slice], [], n);
  const together = (asked: Questions["sums"]) =>
    numbered(asked.map(({ of, names }) => {
      const all = withBuffers(state.params, state.buffers);
      const own = of(activationsOf(model, all, batch.inputs));
      return numbered(names.map((name) => own[name]!));
    }));
  const [sums, maxima] = [questions.sums, questions.maxima].map(together);
  return { rows, gradients, sums: sums!, maxima: maxima! };
};

const partsOf = (given: Given["sums"] = {}) =>
  Object.values(given).map((own) => Object.values(own));

// Where what a finishing pass is given lies.
type Given = {
  readonly gradients: Params;
  readonly rows: Readonly<Record<string, Record<string, tf.Tensor1D>>>;
  readonly sums?: Readonly<Record<string, Record<string, tf.Tensor>>>;
  readonly maxima?: Readonly<Record<string, Record<string, tf.Tensor>>>;
  readonly terms?: Readonly<Record<string, tf.Tensor1D>>;
  readonly data: Batch;
};

// The metrics of what the rows answered; or first the parameters at which they are
// to be asked for their losses as well.
const finishing =
  (experiment: Experiment, forward: Forward, questions: Questions) =>
  (collecting: boolean): PassFunction =>
  (tensors, draw: Draw): Tree<tf.Tensor> => {
    const given = tensors as Given;
    const { gradients } = given;
    const state = stateOf(tensors);
    const { params } = state;
    let moved: Params | undefined;
    const updates = () =>
      moved ??= questions.asEvaluated
        ? experiment.optimizer.update(gradients, state.optimizer, params)[0]
        : makeUpdate(experiment, forward)(state, draw, given.data).updates;
    const rows = Object.entries(given.rows)
      .map(([name, own]) => [name, Object.values(own)] as const);
    const at: Params[] = [];
    const metrics = questions.metrics({
      params,
      gradients,
      get updates() {
        return updates();
      },
      get next() {
        return applyUpdates(params, updates());
      },
      rows: Object.fromEntries(rows),
      sums: partsOf(given.sums),
      maxima: partsOf(given.maxima),
      termsAt(there) {
        const i = at.push(there) - 1;
        return given.terms?.[i] ?? given.rows["train"]![0]!;
      },
    });
    return collecting ? { at: numbered(at) } : { metrics };
  };
