/**
 * How a sweep is run, and what it comes to.
 *
 * @module
 */

import {
  callback,
  type Check,
  type Checks,
  object,
  signal,
  text,
  whole,
} from "../../base/options.ts";
import type { EndedRun, PlannedRun, Point } from "../layout.ts";
import type { SweepLack } from "./extensions.ts";
import { type Shard, shardProblem } from "./shard.ts";

/** Where a share of a sweep stands. */
export interface SweepStanding {
  /** Runs of the share. */
  readonly runs: number;
  /** Those that were trained to their last step. */
  readonly done: number;
  /** Those of them that grokked; null of regressions that do not say. */
  readonly grokked: number | null;
  /** Those whose loss or state was not finite. */
  readonly diverged: number;
  /** Those that could not be trained. */
  readonly failed: number;
  /** Those that another process has. */
  readonly elsewhere: number;
  /** Those that this one trains, and their steps. */
  readonly training: readonly { readonly id: string; readonly step: number }[];
  /** Milliseconds until all are there, by what others took; NaN at first. */
  readonly left: number;
}

/** A run that is not what was wanted. */
export interface SweepFailure {
  /** The run. */
  readonly id: string;
  /** What its plan varies. */
  readonly point: Point;
  /** Whether it diverged or failed. */
  readonly state: "diverged" | "failed";
  /** Why. */
  readonly reason: string;
}

/** What running a sweep, or a share of one, came to. */
export interface SweepOutcome extends Omit<SweepStanding, "training" | "left"> {
  /** Runs that were trained here and now. */
  readonly trained: number;
  /** Runs that are still to be trained. */
  readonly waiting: number;
  /** Whether it was stopped before all were there. */
  readonly interrupted: boolean;
  /** Those of the waiting that want other extensions than are in use. */
  readonly lacks: readonly SweepLack[];
  /** Those that diverged or failed, now or before. */
  readonly failures: readonly SweepFailure[];
}

/** How to run a sweep. */
export interface SweepRunOptions {
  /** Which share of it; all, if left out. */
  readonly shard?: Shard;
  /** Runs side by side, each in a thread of its own; by default as many as fit the cores. */
  readonly jobs?: number;
  /** Milliseconds after which it ends as by a signal. */
  readonly limit?: number;
  /** Stops after the running steps; runs in the middle leave checkpoints. */
  readonly signal?: AbortSignal;
  /** After how many milliseconds without a sign of life another machine's run is taken over; 120,000 if left out. */
  readonly stale?: number;
  /** The name of the program, for the manifests. */
  readonly program?: string;
  /** Called before the first run. */
  readonly onStart?: (standing: SweepStanding, jobs: number) => void;
  /** Called whenever a run gets further. */
  readonly onProgress?: (standing: SweepStanding) => void;
  /** Called when a run has ended here. */
  readonly onRun?: (
    run: PlannedRun,
    ended: EndedRun,
    standing: SweepStanding,
  ) => void;
  /** Called with what the user may want to know. */
  readonly onWarning?: (text: string) => void;
}

const shard: Check = (value) =>
  object(value) ?? shardProblem(value as unknown as Shard);

export const RUN: Checks<SweepRunOptions> = {
  shard,
  jobs: whole(1),
  limit: whole(1),
  signal,
  stale: whole(1),
  program: text,
  onStart: callback,
  onProgress: callback,
  onRun: callback,
  onWarning: callback,
};
