/**
 * The eager engine: the step run by TensorFlow.js, kernel by kernel, on any of
 * its backends. It trains one run at a time.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
import {
  type Batches,
  hostBatches,
  mapBatches,
} from "../../../models/batch.ts";
import type { HostState } from "../../../models/buffers.ts";
import { isLarge } from "../../../models/size.ts";
import { checkArgument, experimentCheck } from "../../base/options.ts";
import { leavesOf, mapTree, type Tree, treeOf } from "../../base/tree.ts";
import { type OpenBackend, openBackend } from "../../devices/tfjs/backends.ts";
import { type Experiment, stepKey } from "../../experiment/experiment.ts";
import type { Metrics } from "../../metrics/mod.ts";
import { type HostTensor, hostTensorOf } from "../../numeric/tensor.ts";
import type { Words } from "../../numeric/threefry.ts";
import {
  type Advance,
  alone,
  type BandEngine,
  bandOfOne,
  type BandSnapshot,
  type Engine,
  type Evaluated,
  type Evaluation,
  type Snapshot,
} from "../engine.ts";
import { brokenAtStart, notFinite, untilBroken } from "../finite.ts";
import { constant, initialState } from "../state.ts";
import { makeStep, type State, type Step, type StepResult } from "../step.ts";

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
  return alone(await tfjsBand(experiment, device, bandOfOne(start)));
}

/** The same as a band of one, on a backend that is open. */
export async function tfjsBand(
  experiment: Experiment,
  device: OpenBackend,
  start?: BandSnapshot,
): Promise<BandEngine> {
  const state = load(start?.states[0] ?? await initialState(experiment));
  return new TfjsBand(experiment, device, { step: start?.step ?? 0, state });
}

// A state in the backend's memory.
interface Stand {
  readonly step: number;
  readonly state: State;
}

class TfjsBand implements BandEngine {
  readonly #device: OpenBackend;
  readonly #train: Step;
  readonly #measured: boolean;
  readonly #key: Words;
  readonly #batches: Batches;
  #now: Stand;
  // The state before the last update, whose loss was finite.
  #good: Stand | undefined;
  // Whether the state it starts with is finite: of later ones it is seen to.
  #unlooked = true;

  constructor(experiment: Experiment, device: OpenBackend, start: Stand) {
    this.#device = device;
    this.#train = makeStep(experiment);
    this.#measured = !isLarge(experiment);
    this.#key = stepKey(experiment.config);
    const host = hostBatches(experiment.split, experiment.model);
    this.#batches = mapBatches(host, constant);
    this.#now = start;
  }

  get step() {
    return this.#now.step;
  }

  async advance(count: number, evalEvery: number): Promise<Advance[]> {
    const from = this.#now;
    const first = from.step;
    if (this.#unlooked) {
      const broken = notFinite(await read(from.state));
      if (broken !== undefined) return [brokenAtStart(first, broken)];
      this.#unlooked = false;
    }
    const until = await this.#forward(count, evalEvery, from);
    // Where that is the first step of the call, from a state before it.
    if (until.diverged === first) {
      this.#stepBack();
      return [until];
    }
    const end = this.step;
    const advance = await untilBroken(until, {
      first,
      end,
      broken: async (step) => {
        if (this.#good?.step === step) {
          return notFinite(await read(this.#good.state));
        }
        await this.#goTo(step, from);
        return notFinite(await read(this.#now.state));
      },
      lossAt: async (step) => {
        await this.#goTo(step, from);
        const { loss, state } = await this.#turn(false);
        dispose(state);
        return loss;
      },
    });
    const last = advance.diverged === undefined ? end : advance.diverged - 1;
    if (this.#good?.step === last) this.#stepBack();
    await this.#goTo(last, from);
    // What outlived the call need not any more.
    if (from.state !== this.#now.state && from.state !== this.#good?.state) {
      dispose(from.state);
    }
    return [advance];
  }

  async states(): Promise<HostState[]> {
    this.#device.use();
    const tensors = await read(this.#now.state);
    this.#device.check();
    return [tensors];
  }

  async at(wanted: number): Promise<Evaluated[]> {
    if (this.#good?.step === wanted) this.#stepBack();
    const { step } = this.#now;
    if (step !== wanted) {
      throw new RangeError(
        `Cannot go back to step ${wanted}: the run is at step ${step}, and ` +
          `${this.#good ? "the one before is" : "none before is"} known`,
      );
    }
    const { metrics, state } = await this.#turn(true);
    dispose(state);
    const [now] = await this.states();
    return [{ evaluation: { step, metrics: metrics! }, state: now! }];
  }

  close(): Promise<void> {
    tf.dispose(this.#batches as unknown as tf.TensorContainer);
    dispose(this.#now.state);
    if (this.#good) dispose(this.#good.state);
    return Promise.resolve();
  }

  // Runs one step; the tensors of the new state outlive the scope, no other does.
  async #turn(evaluating: boolean) {
    this.#device.use(); // Between two calls another engine may have had its turn.
    const { step, state } = this.#now;
    const kept = tf.tidy(() => {
      const { epoch: _, ...result } = this.#train(
        state,
        { key: this.#key, time: step },
        this.#batches,
        evaluating && this.#measured,
      );
      return { ...result } as unknown as tf.TensorContainerObject;
    }) as unknown as StepResult;
    const loss = (await kept.loss.data())[0]!;
    // What is not measured here is measured outside.
    const metrics = evaluating ? await numbers(kept.metrics ?? {}) : undefined;
    tf.dispose([kept.loss, { ...kept.metrics }]);
    this.#device.check();
    return { state: kept.state, loss, metrics };
  }

  #stepBack(): void {
    if (!this.#good) return;
    dispose(this.#now.state);
    this.#now = this.#good;
    this.#good = undefined;
  }

  // Steps on, from what must outlive the call, until a loss is not finite.
  async #forward(
    count: number,
    evalEvery: number,
    from: Stand,
  ): Promise<Advance> {
    const losses: number[] = [];
    const evaluations: Evaluation[] = [];
    for (let i = 0; i < count; i++) {
      const { step } = this.#now;
      const next = await this.#turn(step % evalEvery === 0);
      if (!Number.isFinite(next.loss)) {
        dispose(next.state);
        return { losses, evaluations, diverged: step };
      }
      losses.push(next.loss);
      if (next.metrics) evaluations.push({ step, metrics: next.metrics });
      if (this.#good && this.#good.state !== from.state) {
        dispose(this.#good.state);
      }
      this.#good = this.#now;
      this.#now = { step: step + 1, state: next.state };
    }
    return { losses, evaluations };
  }

  // To a state of the call that began with what is given, if it is not there.
  async #goTo(step: number, from: Stand): Promise<void> {
    if (step === this.step) return;
    for (const old of new Set([this.#good?.state, this.#now.state])) {
      if (old && old !== from.state) dispose(old);
    }
    this.#good = undefined;
    this.#now = from;
    await this.#forward(step - from.step, Infinity, from);
  }
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
