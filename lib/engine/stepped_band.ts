/**
 * The engine of a band, made of what runs steps: where it stands, how it goes
 * back, and when a run is over.
 *
 * @module
 */

import type { HostState } from "../../models/buffers.ts";
import { maxOf } from "../base/extremes.ts";
import {
  type Advance,
  type BandEngine,
  type BandSnapshot,
  type Evaluated,
  untilDiverged,
} from "./engine.ts";
import { brokenAtStart, notFinite, untilBroken } from "./finite.ts";
import { stackStates, unstackState } from "./stacking.ts";

/** Runs steps of all runs of a band. */
export interface Stepper {
  /**
   * Makes updates, of each run until its loss is not finite: then its state means
   * nothing.
   *
   * @param from The states to begin with: of a run, or of several stacked.
   * @param first Updates made before.
   * @param count How many updates.
   * @param every Evaluate before updates whose number is a multiple.
   * @returns The losses and evaluations of each run, and the states.
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

// Which run of which state a run is, and how many are stacked there.
interface Slot {
  readonly of: number;
  readonly own: number;
  readonly size: number;
}

// Where the runs stand: the states that are stepped, some of them stacked.
type Stacked = BandSnapshot;

type Result = Stacked & { readonly turns: readonly Advance[] };

/** A band whose steps are run by a {@link Stepper}. */
export class SteppedBand implements BandEngine {
  readonly #stepper: Stepper;
  readonly #slots: readonly Slot[];
  readonly #first: number;
  #now: Stacked;
  // Where the last call began, from where any state since can be made again. A
  // loss that is not finite at its first step comes of the last update of the call
  // before: then where that began is kept, too.
  #before: Stacked;
  #older: Stacked | undefined;
  // Runs that are over: nobody asks any more what becomes of them.
  readonly #over = new Set<number>();
  // Whether the states it starts with are finite: of later ones it is seen to.
  #unlooked = true;

  /**
   * Starts the engine.
   *
   * @param stepper What runs its steps.
   * @param sizes How many runs are stacked in each state that it steps.
   * @param start Where the runs stand.
   */
  constructor(
    stepper: Stepper,
    sizes: readonly number[],
    { step, states }: BandSnapshot,
  ) {
    this.#stepper = stepper;
    this.#slots = sizes.flatMap((size, of) =>
      Array.from({ length: size }, (_, own) => ({ of, own, size }))
    );
    this.#first = step;
    const stacked = sizes.map((size, of) => {
      const own = states.filter((_, r) => this.#slots[r]!.of === of);
      return size === 1 ? own[0]! : stackStates(own);
    });
    this.#now = this.#before = { step, states: stacked };
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
    for (const r of this.#slots.keys()) {
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
    if (ends.length > 0 && this.#over.size === this.#slots.length) {
      const last = maxOf(ends.map(({ diverged }) => diverged - 1));
      this.#now = await this.#stackedAt(Math.max(last, this.#first));
      this.#over.clear();
    }
    return advances;
  }

  states(): Promise<HostState[]> {
    return Promise.resolve(this.#statesOf(this.#now));
  }

  async at(step: number): Promise<Evaluated[]> {
    const there = await this.#stackedAt(step);
    const { turns } = await this.#run(there, 1, 1);
    return this.#statesOf(there).map((state, r) => ({
      evaluation: turns[r]!.evaluations[0]!,
      state,
    }));
  }

  close(): Promise<void> {
    return this.#stepper.close();
  }

  async #run(from: Stacked, count: number, every: number): Promise<Result> {
    const { step, states } = from;
    const result = await this.#stepper.run(states, step, count, every);
    return { step: step + count, ...result };
  }

  // What happened to a run until it was not finite any more.
  async #lookAt(
    r: number,
    from: Stacked,
    { step: end, turns }: Result,
    after: (step: number) => Promise<Result>,
  ): Promise<Advance> {
    const advance = untilDiverged(turns[r]!, from.step);
    if (this.#over.has(r)) return advance;
    const { of, own, size } = this.#slots[r]!;
    const brokenIn = ({ states }: Stacked) => notFinite(states[of]!, own, size);
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

  async #stackedAt(step: number): Promise<Stacked> {
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

  #statesOf({ states }: Stacked): HostState[] {
    return this.#slots.map(({ of, own, size }) =>
      size === 1 ? states[of]! : unstackState(states[of]!, own)
    );
  }
}
