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
import { CHUNK, chunksOf, numbersPerRow } from "../../../models/size.ts";
import type { Tree } from "../../base/tree.ts";
import type { Experiment } from "../../experiment/experiment.ts";
import { activationsOf } from "../../metrics/activations.ts";
import type { Metrics } from "../../metrics/mod.ts";
import {
  type HostTensor,
  hostTensorOf,
  toNumbers,
} from "../../numeric/tensor.ts";
import { cut } from "../../onnx/runtime/batches.ts";
import { applyUpdates, type Params } from "../../optim/mod.ts";
import type { Draw } from "../../trace/random.ts";
import { type Forward, forwardOf, type ModelState } from "../forward.ts";
import { makeUpdate, type State } from "../update.ts";
import { type Asked, askedOf } from "./asked.ts";
import {
  added,
  namedPasses,
  type OpenPass,
  type PassFunction,
} from "./passes.ts";

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
  const asked = askedOf(experiment, data);
  const forward = forwardOf(experiment, false);
  const finish = finishing(experiment, forward, asked);

  const passes = namedPasses(open);

  // What the rows of a set answer, and the sums over them; or their losses alone.
  const answers = async (
    set: string,
    model: HostState,
    step: number,
    terms = false,
  ): Promise<HostState> => {
    const { inputs, labels } = data[set]!;
    const n = labels.shape[0]!;
    const rows = new Map<string, Float64Array>();
    const sums = new Map<string, HostTensor>();
    for (const [from, to] of chunksOf(n, rowsAtOnce)) {
      const feeds = {
        ...model,
        inputs: cut(inputs, from, to),
        labels: cut(labels, from, to),
      };
      const fn = answering(asked, forward, experiment, set, n, terms);
      const name = `${set} ${to - from} ${terms}`;
      const found = await passes.run(name, fn, feeds, step);
      for (const [path, value] of Object.entries(found)) {
        if (!path.startsWith("rows.")) {
          sums.set(path, added(sums.get(path), value));
          continue;
        }
        if (from === 0) rows.set(path, new Float64Array(n));
        rows.get(path)!.set(toNumbers(value), from);
      }
    }
    const all = [...rows].map(([path, x]): [string, HostTensor] => [
      path,
      hostTensorOf("float64", [n], x),
    ]);
    return Object.fromEntries([...all, ...rounded(sums, model)]);
  };

  return {
    async measure(state, step) {
      const model = Object.fromEntries(
        Object.entries(state).filter(([path]) =>
          !path.startsWith("optimizer.")
        ),
      );
      const feeds: Record<string, HostTensor> = { ...state };
      feeds["data.inputs"] = data.train.inputs;
      feeds["data.labels"] = data.train.labels;
      for (const set of Object.keys(data)) {
        Object.assign(feeds, await answers(set, model, step));
      }
      if (asked.losses > 0) {
        const there = await passes.run("parameters", finish(true), feeds, step);
        for (let i = 0; i < asked.losses; i++) {
          const params = prefixed("params.", under(there, `at.${i}.`));
          const own = await answers(
            "train",
            { ...model, ...params },
            step,
            true,
          );
          feeds[`terms.${i}`] = own["rows.train.0"]!;
        }
      }
      const found = await passes.run("metrics", finish(false), feeds, step);
      return Object.fromEntries(
        Object.entries(under(found, "metrics.")).map(([name, value]) => [
          name,
          toNumbers(value)[0]!,
        ]),
      ) as Metrics;
    },
    close: () => passes.close(),
  };
}

const numbered = <T>(items: readonly T[]): Record<string, T> =>
  Object.fromEntries(items.map((item, i) => [i, item]));

// What some rows of a set answer; of the train rows their part of the gradient.
const answering = (
  asked: Asked,
  forward: Forward,
  { model }: Experiment,
  set: string,
  n: number,
  terms: boolean,
): PassFunction =>
(tensors): Tree<tf.Tensor> => {
  const { params, buffers, ...batch } = tensors as unknown as
    & ModelState
    & Batch;
  const state = { params, ...(buffers && { buffers }) };
  const [z, y] = [forward.logits(state, batch), forward.labelsOf(batch)];
  const questions = asked.rows[set]!.slice(0, terms ? 1 : undefined);
  const rows = { [set]: numbered(questions.map(({ of }) => of(z, y))) };
  if (set !== "train" || terms) return { rows };
  const slice = { first: 0, rows: y.shape[0], batch };
  const [, gradients] = forward.lossAndGradients(state, [slice], [], n);
  const sums = asked.sums.map(({ of, names }) => {
    const all = withBuffers(params, buffers);
    const own = of(activationsOf(model, all, batch.inputs));
    return numbered(names.map((name) => own[name]!));
  });
  return { rows, gradients, sums: numbered(sums) };
};

// Where what a finishing pass is given lies.
type Given = State & {
  readonly gradients: Params;
  readonly rows: Readonly<Record<string, Record<string, tf.Tensor1D>>>;
  readonly sums?: Readonly<Record<string, Record<string, tf.Tensor>>>;
  readonly terms?: Readonly<Record<string, tf.Tensor1D>>;
  readonly data: Batch;
};

// The metrics of what the rows answered; or first the parameters at which they are
// to be asked for their losses as well.
const finishing =
  (experiment: Experiment, forward: Forward, asked: Asked) =>
  (collecting: boolean): PassFunction =>
  (tensors, draw: Draw): Tree<tf.Tensor> => {
    const given = tensors as unknown as Given;
    const { params, gradients } = given;
    const state = { ...given, optimizer: given.optimizer ?? {} };
    let moved: Params | undefined;
    const updates = () =>
      moved ??= asked.asEvaluated
        ? experiment.optimizer.update(gradients, state.optimizer, params)[0]
        : makeUpdate(experiment, forward)(state, draw, given.data).updates;
    const rows = Object.entries(given.rows)
      .map(([name, own]) => [name, Object.values(own)] as const);
    const at: Params[] = [];
    const metrics = asked.metrics({
      params,
      gradients,
      get updates() {
        return updates();
      },
      get next() {
        return applyUpdates(params, updates());
      },
      rows: Object.fromEntries(rows),
      sums: Object.values(given.sums ?? {}).map((own) => Object.values(own)),
      termsAt(there) {
        const i = at.push(there) - 1;
        return given.terms?.[i] ?? given.rows["train"]![0]!;
      },
    });
    return collecting ? { at: numbered(at) } : { metrics };
  };

// Gradients have their parameters' type.
const rounded = (
  sums: ReadonlyMap<string, HostTensor>,
  model: HostState,
): [path: string, tensor: HostTensor][] =>
  [...sums].map(([path, sum]) => {
    const { dtype } = model[path.replace(/^gradients\./, "params.")] ?? sum;
    return [path, hostTensorOf(dtype, sum.shape, sum.data as Float64Array)];
  });
