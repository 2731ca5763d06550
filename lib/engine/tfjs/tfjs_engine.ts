/**
 * The eager engine: the step run by TensorFlow.js, kernel by kernel, on any of
 * its backends.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
import { hostBatches, mapBatches } from "../../../models/batch.ts";
import type { HostState } from "../../../models/buffers.ts";
import { isLarge } from "../../../models/size.ts";
import { checkArgument, experimentCheck } from "../../base/options.ts";
import { leavesOf, mapTree, type Tree, treeOf } from "../../base/tree.ts";
import { openBackend } from "../../devices/tfjs/backends.ts";
import { type Experiment, stepKey } from "../../experiment/experiment.ts";
import type { Metrics } from "../../metrics/mod.ts";
import { type HostTensor, hostTensorOf } from "../../numeric/tensor.ts";
import type { Engine, Evaluation, Snapshot } from "../engine.ts";
import { brokenAtStart, notFinite, untilBroken } from "../finite.ts";
import { constant, initialState } from "../state.ts";
import { makeStep, type State } from "../step.ts";

/**
 * Starts the eager engine. Its float is float32: experiments in other
 * precisions are refused when their config is resolved.
 *
 * @param experiment What to train.
 * @param backend A TensorFlow.js backend; `cpu` is always there.
 * @param folder Where the backend lies, if not where it is set up.
 * @param start Where to go on from; by default the initial parameters.
 * @throws {BackendError} if the backend cannot be used here.
 */
export async function tfjsEngine(
  experiment: Experiment,
  backend = "cpu",
  folder?: string,
  start?: Snapshot,
): Promise<Engine> {
  checkArgument("tfjsEngine()", "experiment", experiment, experimentCheck);
  const device = await openBackend(backend, folder);
  const train = makeStep(experiment);
  const measured = !isLarge(experiment);
  const key = stepKey(experiment.config);
  const host = hostBatches(experiment.split, experiment.model);
  const batches = mapBatches(host, constant);

  let step = start?.step ?? 0;
  let state = load(start?.state ?? await initialState(experiment));
  // The last state whose loss was finite, with its step.
  let good: { step: number; state: State } | undefined;

  // Runs one step; the tensors of the new state outlive the scope, no other does.
  const turn = async (evaluating: boolean) => {
    device.use(); // Between two calls another engine may have had its turn.
    const kept = tf.tidy(() => {
      const draw = { key, time: step };
      const { epoch: _, ...result } = train(
        state,
        draw,
        batches,
        evaluating && measured,
      );
      return { ...result } as unknown as tf.TensorContainerObject;
    }) as unknown as ReturnType<typeof train>;
    const loss = (await kept.loss.data())[0]!;
    // What is not measured here is measured outside.
    const metrics = evaluating ? await numbers(kept.metrics ?? {}) : undefined;
    tf.dispose([kept.loss, { ...kept.metrics }]);
    device.check();
    return { state: kept.state, loss, metrics };
  };

  const stepBack = () => {
    if (!good) return;
    dispose(state);
    ({ step, state } = good);
    good = undefined;
  };

  // Steps on, from what must outlive the call, until a loss is not finite.
  const forward = async (count: number, evalEvery: number, from: State) => {
    const losses: number[] = [];
    const evaluations: Evaluation[] = [];
    for (let i = 0; i < count; i++) {
      const next = await turn(step % evalEvery === 0);
      if (!Number.isFinite(next.loss)) {
        dispose(next.state);
        return { losses, evaluations, diverged: step };
      }
      losses.push(next.loss);
      if (next.metrics) evaluations.push({ step, metrics: next.metrics });
      if (good && good.state !== from) dispose(good.state);
      good = { step, state };
      state = next.state;
      step += 1;
    }
    return { losses, evaluations };
  };
  // Whether the state it starts with is finite: of later ones it is seen to.
  let unlooked = true;

  return {
    get step() {
      return step;
    },
    async advance(count, evalEvery) {
      if (unlooked) {
        const broken = notFinite(await read(state));
        if (broken !== undefined) return brokenAtStart(step, broken);
        unlooked = false;
      }
      const [first, from] = [step, state];
      const until = await forward(count, evalEvery, from);
      // Where that is the first step of the call, from a state before it.
      if (until.diverged === first) {
        stepBack();
        return until;
      }
      const end = step;
      // From the start of the call to a state between.
      const replay = async (wanted: number) => {
        for (const old of new Set([good?.state, state])) {
          if (old && old !== from) dispose(old);
        }
        [good, step, state] = [undefined, first, from];
        await forward(wanted - first, Infinity, from);
      };
      const advance = await untilBroken(until, {
        first,
        end,
        broken: async (wanted) => {
          if (good?.step === wanted) return notFinite(await read(good.state));
          if (wanted !== step) await replay(wanted);
          return notFinite(await read(state));
        },
        lossAt: async (wanted) => {
          if (wanted !== step) await replay(wanted);
          const { loss, state: next } = await turn(false);
          dispose(next);
          return loss;
        },
      });
      const to = advance.diverged === undefined ? end : advance.diverged - 1;
      if (good?.step === to) stepBack();
      else if (step !== to) await replay(to);
      // What outlived the call need not any more.
      if (from !== state && from !== good?.state) dispose(from);
      return advance;
    },
    stepBack: () => Promise.resolve(stepBack()),
    async evaluate() {
      const { metrics, state } = await turn(true);
      dispose(state);
      return { step, metrics: metrics! };
    },
    async state() {
      device.use();
      const tensors = await read(state);
      device.check();
      return tensors;
    },
    close() {
      tf.dispose(batches as unknown as tf.TensorContainer);
      dispose(state);
      if (good) dispose(good.state);
      return Promise.resolve();
    },
  };
}

const dispose = (state: State) =>
  leavesOf<tf.Tensor>(state).forEach(([, leaf]) => leaf.dispose());

function load(state: HostState): State {
  const tree = mapTree<HostTensor, tf.Tensor, Tree<HostTensor>>(
    treeOf(Object.entries(state)),
    constant,
  );
  return { optimizer: {}, ...tree } as unknown as State;
}

async function read(state: State): Promise<HostState> {
  const tensors: Record<string, HostTensor> = {};
  for (const [path, leaf] of leavesOf<tf.Tensor>(state)) {
    tensors[path] = hostTensorOf("float32", leaf.shape, await leaf.data());
  }
  return tensors;
}

async function numbers(
  metrics: Readonly<Record<string, tf.Tensor>>,
): Promise<Metrics> {
  const values: Record<string, number> = {};
  for (const [name, value] of Object.entries(metrics)) {
    values[name] = (await value.data())[0]!;
  }
  return values as Metrics;
}
