/**
 * What runs training steps. An engine owns the state between calls; what a step
 * is, it is told.
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

/** The metrics of one evaluated step. */
export interface Evaluation {
  /** Updates made before it. */
  readonly step: number;
  /** The metrics of that state. */
  readonly metrics: Metrics;
}

/** What a call of {@link Engine.advance} gives back. */
export interface Advance {
  /** The evaluations on the way, in order. */
  readonly evaluations: readonly Evaluation[];
  /** The train loss before each update. */
  readonly losses: readonly number[];
  /**
   * The first step whose loss or state was not finite, if there was one: the
   * engine stopped there and went back to the state before it.
   */
  readonly diverged?: number;
  /** Where the loss was finite there: the path of a tensor that was not. */
  readonly broken?: string;
  /** Milliseconds of it that went into measuring, not training; if any. */
  readonly measuring?: number;
}

/** Runs training steps of one experiment. */
export interface Engine {
  /** Updates made so far. */
  readonly step: number;
  /**
   * Makes up to `count` updates, at least one.
   *
   * @param count How many, 1 or more.
   * @param evalEvery Evaluate before every update whose number is a multiple.
   */
  advance(count: number, evalEvery: number): Promise<Advance>;
  /**
   * Takes the last update back, where its state turns out to have no finite
   * loss. Only possible right after {@link Engine.advance}.
   */
  stepBack(): Promise<void>;
  /** The metrics of the state as it is. */
  evaluate(): Promise<Evaluation>;
  /** The state as it is. */
  state(): Promise<HostState>;
  /** Gives the engine's memory back. */
  close(): Promise<void>;
}

/** What happened before the first loss that is not finite. */
export function untilDiverged(
  { losses, evaluations }: Advance,
  first: number,
): Advance {
  const bad = losses.findIndex((loss) => !Number.isFinite(loss));
  if (bad < 0) return { losses, evaluations };
  const diverged = first + bad;
  return {
    losses: losses.slice(0, bad),
    evaluations: evaluations.filter(({ step }) => step < diverged),
    diverged,
  };
}

/** An evaluated state of one run. */
export interface Evaluated {
  /** Its step and metrics. */
  readonly evaluation: Evaluation;
  /** Its parameters and optimizer state. */
  readonly state: HostState;
}

/** Trains several runs at once. */
export interface ReplicaEngine {
  /** Updates made so far. */
  readonly step: number;
  /**
   * Makes up to `count` updates of every run, at least one. A run whose loss or state is
   * not finite any more does not stop the others; what it computes afterwards means nothing.
   *
   * @param count How many, 1 or more.
   * @param evalEvery Evaluate before every update whose number is a multiple.
   * @returns What happened to each run.
   */
  advance(count: number, evalEvery: number): Promise<readonly Advance[]>;
  /**
   * The runs as they were after some updates.
   *
   * @param step Not before the last call but one of
   * {@link ReplicaEngine.advance} began.
   * @throws {RangeError} if it is.
   */
  at(step: number): Promise<readonly Evaluated[]>;
  /** Gives the engine's memory back. */
  close(): Promise<void>;
}

/** Where several runs stand. */
export interface BandSnapshot {
  /** Updates made so far. */
  readonly step: number;
  /** Parameters and optimizer state of each run after them. */
  readonly states: readonly HostState[];
}
