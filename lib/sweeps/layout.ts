/**
 * What lies in a sweep's folder.
 *
 *     sweep.json       what the sweep is: its name, where it is computed, its plans
 *     plan.jsonl       a line for each run: id, point, the whole config
 *     runs/ID/         its run folder, as `groklab train` writes it
 *     claims/ID        who trains it
 *     ended/ID.json    how it ended
 *     submitted/       what schedulers were given, and what they noted
 *
 * @module
 */

import { join } from "node:path";
import type { Config } from "../config/config.ts";
import type { TrainResult } from "../runs/result.ts";

/** The version of the folder's form. */
export const FORMAT = 1;

/** The files and folders of a sweep. */
export const SWEEP = {
  sweep: "sweep.json",
  plan: "plan.jsonl",
  runs: "runs",
  claims: "claims",
  ended: "ended",
  submitted: "submitted",
} as const;

/** Where all runs of a sweep are computed. */
export type Place = Pick<
  Config,
  "engine" | "device" | "deviceId" | "runtime" | "backend" | "threads"
>;

/** What was added to a sweep at a time. */
export interface PlanMade {
  /** When, ISO 8601, UTC. */
  readonly at: string;
  /** By which command, its words; empty of a program's own. */
  readonly command: readonly string[];
  /** Different runs of the plan. */
  readonly points: number;
  /** Those of them that were not there before. */
  readonly new: number;
}

/** What `sweep.json` holds. */
export interface Sweep {
  /** The version of the folder's form. */
  readonly format: 1;
  /** The sweep's name. */
  readonly name: string;
  /** The version of groklab that planned it first. */
  readonly groklab: string;
  /** When it was planned first, ISO 8601, UTC. */
  readonly created: string;
  /** Where all its runs are computed. */
  readonly place: Place;
  /** The keys that any of its plans varies, in the order in which they came. */
  readonly axes: readonly string[];
  /** What was planned, the first time and later. */
  readonly plans: readonly PlanMade[];
}

/** What a plan varies, by key. Other axes have the values of the run's config. */
export type Point = Readonly<Record<string, unknown>>;

/** A run of a sweep: a line of `plan.jsonl`. */
export interface PlannedRun {
  /** Its name in the folder: {@link runId} of its config when it was planned. */
  readonly id: string;
  /** What its plan varies. */
  readonly point: Point;
  /** What is trained, its place too. */
  readonly config: Config;
}

/** How a run ended. Those that failed are tried again. */
export type EndState = "done" | "diverged" | "failed";

/** What `ended/ID.json` holds. */
export interface EndedRun {
  /** The run's id. */
  readonly id: string;
  /** How it ended. */
  readonly state: EndState;
  /** Why, of one that diverged or failed. */
  readonly reason?: string;
  /** How often it was begun. */
  readonly attempts: number;
  /** When it ended, ISO 8601, UTC. */
  readonly ended: string;
  /** The machine's name. */
  readonly host: string;
  /** Seconds that it took in all, start and end too. */
  readonly seconds: number;
  /** How the training ended; none of one that failed. */
  readonly result?: Omit<TrainResult, "config">;
}

/** The name of a run in a sweep's folder. */
export const ID = /^[0-9a-f]{16}$/;

/** The folder of a run. */
export function runPath(folder: string, id: string): string {
  return join(folder, SWEEP.runs, id);
}

/** The file that says who trains a run. */
export function claimPath(folder: string, id: string): string {
  return join(folder, SWEEP.claims, id);
}

/** The file that says how a run ended. */
export function endedPath(folder: string, id: string): string {
  return join(folder, SWEEP.ended, `${id}.json`);
}
