/**
 * Engines whose loss, precision or optimizer changes on the way: at each switch
 * of the config another engine goes on with the state.
 *
 * @module
 */

import { configAt, untilSwitch } from "../config/switches.ts";
import type { Experiment } from "../experiment/experiment.ts";
import { carryOver, withConfig } from "./carry_over.ts";
import type {
  BandSnapshot,
  Engine,
  ReplicaEngine,
  Snapshot,
} from "./engine.ts";

/** Starts the engine of one part of a training. */
export type OpenEngine = (
  experiment: Experiment,
  start?: Snapshot,
) => Promise<Engine>;

/**
 * Starts the engine of a training that may have switches. A state that a switch
 * is due at is that of the config after it: carried over, evaluated with its
 * loss.
 *
 * @param whole The experiment; its config has the switches.
 * @param open Starts the engine of each part.
 * @param start Where to go on from, in the config in force there.
 */
export async function switchingEngine(
  whole: Experiment,
  open: OpenEngine,
  start?: Snapshot,
): Promise<Engine> {
  const { config } = whole;
  const part = (step: number) => withConfig(whole, configAt(config, step));
  // The step at which the part that is trained began.
  let since = start?.step ?? 0;
  let engine = await open(part(since), start);
  // The engine before the switch, while the last finite state may be its.
  let before: Engine | undefined;

  const arrive = async () => {
    const { step } = engine;
    const due = config.switches.some(({ at }) => at === step);
    if (!due || step === since) return;
    const state = await carryOver(
      await engine.state(),
      configAt(config, since),
      part(step),
    );
    const next = await open(part(step), { step, state });
    await before?.close();
    [before, engine, since] = [engine, next, step];
  };
  // Back behind the switch: what was trained before it has the last update.
  const stepBack = async () => {
    if (before && engine.step === since) {
      await engine.close();
      engine = before;
      before = undefined;
    }
    await engine.stepBack();
  };
  return {
    get step() {
      return engine.step;
    },
    async advance(count, evalEvery) {
      await arrive();
      const { step } = engine;
      const left = untilSwitch(config, step) - step;
      const advance = await engine.advance(
        Math.min(count, Math.max(left, 1)),
        evalEvery,
      );
      if (before && advance.diverged === since) {
        await stepBack();
      } else {
        await before?.close();
        before = undefined;
      }
      return advance;
    },
    stepBack,
    async evaluate() {
      await arrive();
      return engine.evaluate();
    },
    async state() {
      await arrive();
      return engine.state();
    },
    async close() {
      await before?.close();
      await engine.close();
    },
  };
}

/** Starts the engine of one part of the training of several runs. */
export type OpenReplicas = (
  experiments: readonly Experiment[],
  start?: BandSnapshot,
) => Promise<ReplicaEngine>;

/**
 * The same for several runs at once, which have their switches at the same
 * steps.
 *
 * @param whole The experiments; their configs have the switches.
 * @param open Starts the engine of each part.
 * @param start Where to go on from, in the configs in force there.
 */
export async function switchingReplicas(
  whole: readonly Experiment[],
  open: OpenReplicas,
  start?: BandSnapshot,
): Promise<ReplicaEngine> {
  const { config } = whole[0]!;
  const parts = (step: number) =>
    whole.map((one) => withConfig(one, configAt(one.config, step)));
  let since = start?.step ?? 0;
  let engine = await open(parts(since), start);
  // The engine before the switch, while states of its last call may be wanted,
  // and how many calls were made since.
  let before: ReplicaEngine | undefined;
  let calls = 0;

  const arrive = async () => {
    const { step } = engine;
    const due = config.switches.some(({ at }) => at === step);
    if (!due || step === since) return;
    const next = parts(step);
    const states = [];
    for (const [r, { state }] of (await engine.at(step)).entries()) {
      const old = configAt(whole[r]!.config, since);
      states.push(await carryOver(state, old, next[r]!));
    }
    const opened = await open(next, { step, states });
    await before?.close();
    [before, engine, since, calls] = [engine, opened, step, 0];
  };
  return {
    get step() {
      return engine.step;
    },
    async advance(count, evalEvery) {
      await arrive();
      calls += 1;
      if (calls > 1) {
        await before?.close();
        before = undefined;
      }
      const { step } = engine;
      const left = Math.max(untilSwitch(config, step) - step, 1);
      return await engine.advance(Math.min(count, left), evalEvery);
    },
    async at(wanted) {
      if (wanted === engine.step) await arrive();
      return await (wanted < since && before ? before : engine).at(wanted);
    },
    async close() {
      await before?.close();
      await engine.close();
    },
  };
}
