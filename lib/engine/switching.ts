/**
 * Engines whose loss, precision or optimizer changes on the way: at each switch
 * of the config another engine goes on with the states.
 *
 * @module
 */

import { configAt, untilSwitch } from "../config/switches.ts";
import type { Experiment } from "../experiment/experiment.ts";
import type { BandEngine, BandSnapshot } from "./engine.ts";
import { inForceAt, transferState } from "./transfer.ts";

/** Starts the engine of one part of a training. */
export type OpenEngine = (
  experiments: readonly Experiment[],
  start?: BandSnapshot,
) => Promise<BandEngine>;

/**
 * Starts the engine of a training that may have switches, which all its runs have
 * at the same steps. A state that a switch is due at is that of the config after
 * it: carried over, evaluated with its loss.
 *
 * @param whole The experiments; their configs have the switches.
 * @param open Starts the engine of each part.
 * @param start Where to go on from, in the configs in force there.
 */
export async function switchingEngine(
  whole: readonly Experiment[],
  open: OpenEngine,
  start?: BandSnapshot,
): Promise<BandEngine> {
  const { config } = whole[0]!;
  const parts = (step: number) => whole.map((one) => inForceAt(one, step));
  // The step at which the part that is trained began.
  let since = start?.step ?? 0;
  let engine = await open(parts(since), start);
  // The engine before the switch, while last finite states may be its.
  let before: BandEngine | undefined;

  const forget = async () => {
    await before?.close();
    before = undefined;
  };
  const arrive = async () => {
    const { step } = engine;
    const due = config.switches.some(({ at }) => at === step);
    if (!due || step === since) return;
    const next = parts(step);
    const states = await Array.fromAsync(
      await engine.states(),
      (state, r) =>
        transferState(state, configAt(whole[r]!.config, since), next[r]!),
    );
    const opened = await open(next, { step, states });
    await forget();
    [before, engine, since] = [engine, opened, step];
  };
  return {
    get step() {
      return engine.step;
    },
    async advance(count, evalEvery) {
      await arrive();
      const { step } = engine;
      const left = Math.max(untilSwitch(config, step) - step, 1);
      const advances = await engine.advance(Math.min(count, left), evalEvery);
      // Where it is the switch itself, what was before has the last finite state.
      const atSwitch = advances.some(({ diverged }) => diverged === since);
      if (!atSwitch) await forget();
      return advances;
    },
    async states() {
      await arrive();
      return await engine.states();
    },
    async at(step) {
      if (step === engine.step) await arrive();
      return await (step < since && before ? before : engine).at(step);
    },
    async close() {
      await forget();
      await engine.close();
    },
  };
}
