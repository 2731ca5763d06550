/**
 * What runs training steps. An engine owns the state between calls; what a step
 * is, it is told.
 *
 * @module
 */

import type { HostTensor } from "../numeric/tensor.ts";
import type { Metrics } from "../metrics/mod.ts";

/** Parameters (`params.…`) and optimizer state (`optimizer.…`) by path. */
export type HostState = Readonly<Record<string, HostTensor>>;

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
