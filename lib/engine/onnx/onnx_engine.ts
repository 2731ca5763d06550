/**
 * The compiled engine: steps traced once, run by ONNX Runtime many a call. Runs
 * that are small go through one graph together, stacked; a run alone, or one that
 * is too large for that, is a loop of its own.
 *
 * @module
 */

import type { HostState } from "../../../models/buffers.ts";
import { isLarge } from "../../../models/size.ts";
import { maxOf } from "../../base/extremes.ts";
import {
  checkArgument,
  checkOptions,
  experimentCheck,
} from "../../base/options.ts";
import type { Experiment } from "../../experiment/experiment.ts";
import { SESSION, type SessionOptions } from "../../onnx/runtime/options.ts";
import {
  type Advance,
  alone,
  type BandEngine,
  bandOfOne,
  type BandSnapshot,
  type Engine,
  type Evaluated,
  type Snapshot,
  untilDiverged,
} from "../engine.ts";
import { brokenAtStart, notFinite, untilBroken } from "../finite.ts";
import { initialStates } from "../state.ts";
import { type LoopSession, openLoop, turnsOf } from "./loop_session.ts";
import { inLoops, stackStates, unstackState } from "./stacked_step.ts";
import { loopStep } from "./traced_step.ts";

/**
 * Starts the compiled engine.
 *
 * @param experiment What to train.
 * @param options Runtime and threads.
 * @param start Where to go on from; by default the initial parameters.
 * @throws {TypeError} if it is no experiment as makeExperiment() gives it.
 * @throws {UsageError} if an option is unknown, or is not what it must be.
 */
export async function onnxEngine(
  experiment: Experiment,
  options: SessionOptions = {},
  start?: Snapshot,
): Promise<Engine> {
  checkArgument("onnxEngine()", "experiment", experiment, experimentCheck);
  checkOptions("onnxEngine()", options, SESSION);
  return alone(await onnxBand([experiment], options, bandOfOne(start)));
}

/**
 * Starts the engine for runs that differ in seed, data, learning rate and weight
 * decay only.
 *
 * @param experiments The runs; everything else is the first's.
 * @param options Device, runtime, threads.
 * @param start Where to go on from; by default the initial parameters.
 * @throws {UsageError} if a processor would have to hold too many loops.
 */
export async function onnxBand(
  experiments: readonly Experiment[],
  options: SessionOptions = {},
  start?: BandSnapshot,
): Promise<BandEngine> {
  const groups = inLoops(experiments, options);
  const initial = start?.states ??
    await initialStates(experiments, options.runtime);
  const steps = [];
  const loops: HostState[] = [];
  const places = groups.flatMap((group, loop): Place[] =>
    group.map((_, own) => ({ loop, own, size: group.length }))
  );
  for (const [loop, group] of groups.entries()) {
    const states = initial.filter((_, r) => places[r]!.loop === loop);
    steps.push(await loopStep(group, states[0]!, options));
    loops.push(group.length === 1 ? states[0]! : stackStates(states));
  }
  const session = await openLoop(steps, {
    ...options,
    ...(isLarge(experiments[0]!) && { folding: false }),
  });
  return new OnnxBand(session, places, { step: start?.step ?? 0, loops });
}

// Which run of which loop a run is, and how many are stacked there.
interface Place {
  readonly loop: number;
  readonly own: number;
  readonly size: number;
}

// The states of all loops after some updates.
interface Stand {
  readonly step: number;
  readonly loops: readonly HostState[];
}

type Result = Stand & { readonly turns: readonly Advance[] };

class OnnxBand implements BandEngine {
  readonly #session: LoopSession;
  readonly #places: readonly Place[];
  readonly #first: number;
  #now: Stand;
  // Where the last call began, from where any state since can be made again. A
  // loss that is not finite at its first step comes of the last update of the call
  // before: then where that began is kept, too.
  #before: Stand;
  #older: Stand | undefined;
  // Runs that are over: nobody asks any more what becomes of them.
  readonly #over = new Set<number>();
  // Whether the states it starts with are finite: of later ones it is seen to.
  #unlooked = true;

  constructor(session: LoopSession, places: readonly Place[], start: Stand) {
    this.#session = session;
    this.#places = places;
    this.#first = start.step;
    this.#now = this.#before = start;
  }

  get step() {
    return this.#now.step;
  }

  async advance(count: number, evalEvery: number): Promise<Advance[]> {
    const from = this.#now;
    const end = from.step + count;
    this.#older = undefined;
    const result = await this.#run(from, count, evalEvery);
    // The same steps again, each count of them once for all runs.
    const known = new Map([[end, Promise.resolve(result)]]);
    const after = (step: number) => {
      const made = known.get(step) ??
        this.#run(from, step - from.step, end + 1);
      known.set(step, made);
      return made;
    };
    const advances: Advance[] = [];
    for (const r of this.#places.keys()) {
      advances.push(await this.#lookAt(r, from, result, after));
    }
    this.#unlooked = false;
    const ends = advances.flatMap(({ diverged }, r) =>
      diverged === undefined || this.#over.has(r) ? [] : [{ r, diverged }]
    );
    for (const { r } of ends) this.#over.add(r);
    if (ends.some(({ diverged }) => diverged === from.step)) {
      this.#older = this.#before;
    }
    [this.#before, this.#now] = [from, result];
    if (ends.length > 0 && this.#over.size === this.#places.length) {
      const last = maxOf(ends.map(({ diverged }) => diverged - 1));
      this.#now = await this.#standAt(Math.max(last, this.#first));
      this.#over.clear();
    }
    return advances;
  }

  states(): Promise<HostState[]> {
    return Promise.resolve(this.#statesOf(this.#now));
  }

  async at(step: number): Promise<Evaluated[]> {
    const stand = await this.#standAt(step);
    const { turns } = await this.#run(stand, 1, 1);
    return this.#statesOf(stand).map((state, r) => ({
      evaluation: turns[r]!.evaluations[0]!,
      state,
    }));
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  async #run(from: Stand, count: number, every: number): Promise<Result> {
    const { step } = from;
    const results = await this.#session.run(from.loops, step, count, every);
    return {
      step: step + count,
      loops: results.map(({ state }) => state),
      turns: this.#places.map(({ loop, own, size }) =>
        turnsOf(results[loop]!, step, every, own, size)
      ),
    };
  }

  // What happened to a run until it was not finite any more.
  async #lookAt(
    r: number,
    from: Stand,
    { step: end, turns }: Result,
    after: (step: number) => Promise<Result>,
  ): Promise<Advance> {
    const advance = untilDiverged(turns[r]!, from.step);
    if (this.#over.has(r)) return advance;
    const { loop, own, size } = this.#places[r]!;
    const brokenIn = ({ loops }: Stand) => notFinite(loops[loop]!, own, size);
    const broken = this.#unlooked ? brokenIn(from) : undefined;
    if (broken !== undefined) return brokenAtStart(from.step, broken);
    return await untilBroken(advance, {
      first: from.step,
      end,
      broken: async (step) => brokenIn(await after(step)),
      lossAt: async (step) =>
        (await after(step + 1)).turns[r]!.losses[step - from.step]!,
    });
  }

  async #standAt(step: number): Promise<Stand> {
    const stands = [this.#now, this.#before, this.#older]
      .filter((stand) => stand !== undefined);
    const from = stands.find((known) => known.step <= step);
    if (!from) {
      throw new RangeError(
        `Cannot go back to step ${step}: the states since step ` +
          `${stands.at(-1)!.step} are known`,
      );
    }
    const count = step - from.step;
    return count === 0 ? from : await this.#run(from, count, step + 1);
  }

  #statesOf({ loops }: Stand): HostState[] {
    return this.#places.map(({ loop, own, size }) =>
      size === 1 ? loops[loop]! : unstackState(loops[loop]!, own)
    );
  }
}
