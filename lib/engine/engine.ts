/**
 * What runs training steps. An engine owns the states between calls; what a step
 * is, it is told. It trains a band of runs, of which one alone is the smallest.
 *
 * @module
 */

import type { HostState } from "../../models/buffers.ts";
import type { Metrics } from "../metrics/mod.ts";

/** Where a training stands, and what an engine can go on from. */
export interface Snapshot {
  /** Updates made so far. */
  readonly step: number;
  /** Parameters and optimizer state after them. */
  readonly state: HostState;
}

/** Where several runs stand. */
export interface BandSnapshot {
  /** Updates made so far. */
  readonly step: number;
  /** Parameters and optimizer state of each run after them. */
  readonly states: readonly HostState[];
}

/** The metrics of one evaluated step. */
export interface Evaluation {
  /** Updates made before it. */
  readonly step: number;
  /** The metrics of that state. */
  readonly metrics: Metrics;
}

/** An evaluated state of one run. */
export interface Evaluated {
  /** Its step and metrics. */
  readonly evaluation: Evaluation;
  /** Its parameters and optimizer state. */
  readonly state: HostState;
}

/** What a call of {@link Engine.advance} gives back, of each run. */
export interface Advance {
  /** The evaluations on the way, in order. */
  readonly evaluations: readonly Evaluation[];
  /** The train loss before each update. */
  readonly losses: readonly number[];
  /** The first step whose loss or state was not finite, if there was one. */
  readonly diverged?: number;
  /** Where the loss was finite there: the path of a tensor that was not. */
  readonly broken?: string;
  /** Milliseconds of it that went into measuring, not training; if any. */
  readonly measuring?: number;
}

/** Trains a band of runs: one, or several at once. */
export interface BandEngine {
  /** Updates made so far. */
  readonly step: number;
  /**
   * Makes up to `count` updates of every run, at least one. A run whose loss or
   * state is not finite any more does not stop the others; what it computes
   * afterwards means nothing. Where none is finite any more, the engine goes back
   * to the last state in which one was.
   *
   * @param count How many, 1 or more.
   * @param evalEvery Evaluate before every update whose number is a multiple.
   * @returns What happened to each run.
   */
  advance(count: number, evalEvery: number): Promise<readonly Advance[]>;
  /** The states as they are. */
  states(): Promise<readonly HostState[]>;
  /**
   * The runs as they were after some updates.
   *
   * @param step From where the last call of {@link BandEngine.advance} began; or
   * before the first step of that call, where a run ended at it.
   * @throws {RangeError} if it is another.
   */
  at(step: number): Promise<readonly Evaluated[]>;
  /** Gives the engine's memory back. */
  close(): Promise<void>;
}

/** Runs training steps of one experiment. */
export interface Engine {
  /** Updates made so far. */
  readonly step: number;
  /**
   * Makes up to `count` updates, at least one. At a loss or a state that is not
   * finite it stops, and goes back to the state before it.
   *
   * @param count How many, 1 or more.
   * @param evalEvery Evaluate before every update whose number is a multiple.
   */
  advance(count: number, evalEvery: number): Promise<Advance>;
  /** The metrics of the state as it is. */
  evaluate(): Promise<Evaluation>;
  /** The state as it is. */
  state(): Promise<HostState>;
  /** Gives the engine's memory back. */
  close(): Promise<void>;
}

/** A band of one as the run that it is. */
export function alone(band: BandEngine): Engine {
  return {
    get step() {
      return band.step;
    },
    async advance(count, evalEvery) {
      const [advance] = await band.advance(count, evalEvery);
      return advance!;
    },
    async evaluate() {
      const [now] = await band.at(band.step);
      return now!.evaluation;
    },
    async state() {
      const [state] = await band.states();
      return state!;
    },
    close: () => band.close(),
  };
}

/** Where a run stands as a band of one. */
export const bandOfOne = (start?: Snapshot): BandSnapshot | undefined =>
  start && { step: start.step, states: [start.state] };
