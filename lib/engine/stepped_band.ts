/**
 * The engine of a band, made of what runs steps: where it stands, how it goes
 * back, and when a run is over.
 *
 * @module
 */

import type { HostState } from "../../models/buffers.ts";
import { maxOf } from "../base/extremes.ts";
import type { Advance, BandEngine, BandSnapshot, Evaluated } from "./engine.ts";
import { notFinite, untilBroken, untilDiverged } from "./finite.ts";

/** Runs steps of all runs of a band. */
export interface Stepper {
  /**
   * Makes updates, of each run until its loss is not finite: then its state means
   * nothing.
   *
   * @param from The states to begin with, of each run.
   * @param first Updates made before.
   * @param count How many updates.
   * @param every Evaluate before updates whose number is a multiple.
   * @returns The losses and evaluations of each run, and its state.
   */
  run(
    from: readonly HostState[],
    first: number,
    count: number,
    every: number,
  ): Promise<{
    readonly turns: readonly Advance[];
    readonly states: readonly HostState[];
  }>;
  /** Gives its memory back. */
  close(): Promise<void>;
}

type Result = BandSnapshot & { readonly turns: readonly Advance[] };

/** A band whose steps are run by a {@link Stepper}. */
export class SteppedBand implements BandEngine {
  readonly #stepper: Stepper;
  readonly #first: number;
  #now: BandSnapshot;
  // Where the last call began, from where any state since can be made again. A
  // loss that is not finite at its first step comes of the last update of the call
  // before: then where that began is kept, too.
  #before: BandSnapshot;
  #older: BandSnapshot | undefined;
  // Runs that are over: nobody asks any more what becomes of them.
  readonly #over = new Set<number>();
  // Whether the states it starts with are finite: of later ones it is seen to.
  #unlooked = true;

  /**
   * Starts the engine.
   *
   * @param stepper What runs its steps.
   * @param start Where the runs stand.
   */
  constructor(stepper: Stepper, start: BandSnapshot) {
    this.#stepper = stepper;
    this.#first = start.step;
    this.#now = this.#before = start;
  }

  get step(): number {
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
    for (const r of from.states.keys()) {
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
    if (ends.length > 0 && this.#over.size === from.states.length) {
      const last = maxOf(ends.map(({ diverged }) => diverged - 1));
      this.#now = await this.#snapshotAt(Math.max(last, this.#first));
      this.#over.clear();
    }
    return advances;
  }

  states(): Promise<readonly HostState[]> {
    return Promise.resolve(this.#now.states);
  }

  async at(step: number): Promise<Evaluated[]> {
    const there = await this.#snapshotAt(step);
    const { turns } = await this.#run(there, 1, 1);
    return there.states.map((state, r) => ({
      evaluation: turns[r]!.evaluations[0]!,
      state,
    }));
  }

  close(): Promise<void> {
    return this.#stepper.close();
  }

  async #run(
    { step, states }: BandSnapshot,
    count: number,
    every: number,
  ): Promise<Result> {
    const result = await this.#stepper.run(states, step, count, every);
    return { step: step + count, ...result };
  }

  // What happened to a run until it was not finite any more.
  async #lookAt(
    r: number,
    from: BandSnapshot,
    { step: end, turns }: Result,
    after: (step: number) => Promise<Result>,
  ): Promise<Advance> {
    const first = from.step;
    const advance = untilDiverged(turns[r]!, first);
    if (this.#over.has(r)) return advance;
    const broken = this.#unlooked ? notFinite(from.states[r]!) : undefined;
    if (broken !== undefined) {
      return { losses: [], evaluations: [], diverged: first, broken };
    }
    return await untilBroken(advance, {
      first,
      end,
      broken: async (step) => notFinite((await after(step)).states[r]!),
      lossAt: async (step) =>
        (await after(step + 1)).turns[r]!.losses[step - first]!,
    });
  }

  async #snapshotAt(step: number): Promise<BandSnapshot> {
    const all = [this.#now, this.#before, this.#older]
      .filter((one) => one !== undefined);
    const from = all.find((known) => known.step <= step);
    if (!from) {
      throw new RangeError(
        `Cannot go back to step ${step}: the states since step ` +
          `${all.at(-1)!.step} are known`,
      );
    }
    const count = step - from.step;
    return count === 0 ? from : await this.#run(from, count, step + 1);
  }
}
