/**
 * Runs as a report sees them: what was trained, how it went, and which of them
 * differ only in their seeds.
 *
 * @module
 */

import { basename, join, resolve } from "node:path";
import { UsageError } from "../base/errors.ts";
import { describing, FileError } from "../base/files.ts";
import { notice } from "../base/notices.ts";
import { shown } from "../base/terminal.ts";
import {
  type Config,
  configKeys,
  definitionsOf,
  flagOf,
  idleKeys,
  resolveConfig,
} from "../config/config.ts";
import { configWithout, unknownKeys } from "../config/stand_ins.ts";
import {
  FILES,
  list,
  readManifest,
  REPLICA,
  replicasIn,
} from "../runs/layout.ts";
import type { Manifest } from "../runs/manifest.ts";
import {
  checkpointsOf,
  MissingError,
  readConfig,
  readMetrics,
} from "../runs/read.ts";
import { reachedStep, type TrainResult } from "../runs/result.ts";
import type { MetricsRow } from "../runs/run_folder.ts";
import { readSummary } from "../runs/saved_state.ts";
import { deviceSettings } from "../settings/run.ts";
import { nameOn } from "../store/labels.ts";

/** A run, read. */
export interface ReportRun {
  /** Its folder. */
  readonly path: string;
  /** Its name; else the folder's, a replica's behind that of its band. */
  readonly name: string;
  /** What was trained. */
  readonly config: Config;
  /** With what. */
  readonly manifest: Manifest;
  /** The evaluations so far. */
  readonly rows: readonly MetricsRow[];
  /** How it ended; undefined while it is trained, or after a kill. */
  readonly summary: TrainResult | undefined;
  /** Its checkpoints, oldest first; there may be none yet. */
  readonly checkpoints: readonly {
    readonly step: number;
    readonly path: string;
  }[];
}

/** Runs that differ only in their seeds. */
export interface Group {
  /** What tells it from the other groups. */
  readonly label: string;
  /** Its runs, at least one. */
  readonly runs: readonly [ReportRun, ...ReportRun[]];
}

/**
 * Reads a run, or every replica of a band.
 *
 * @param path A run folder, or a folder of replicas.
 * @throws {FileError} if it is neither, or cannot be read.
 * @throws {UsageError} if this version cannot make its config.
 */
export async function readRuns(path: string): Promise<ReportRun[]> {
  const names = await describing(`read the run ${path}`, () => list(path));
  if (names === undefined) {
    throw new FileError(`Cannot read the run ${path}: there is no such folder`);
  }
  if (names.includes(FILES.manifest)) return [await readRun(path)];
  const replicas = (await replicasIn(path))
    .sort((a, b) => Number(a.slice(8)) - Number(b.slice(8)));
  if (replicas.length === 0) return [await readRun(path)];
  return await Promise.all(replicas.map((name) => readRun(join(path, name))));
}

async function readRun(path: string): Promise<ReportRun> {
  const manifest = await readManifest(path);
  const config = configOf(await readConfig(path), join(path, FILES.config));
  const full = resolve(path);
  const name = basename(full);
  const folder = REPLICA.test(name)
    ? `${basename(join(full, ".."))}/${name}`
    : name;
  return {
    path,
    name: shown(await nameOn(path) ?? folder),
    config,
    manifest,
    rows: await readMetrics(path),
    summary: await readSummary(path, notice) as TrainResult | undefined,
    checkpoints: await checkpointsOf(path).catch((error) => {
      if (error instanceof MissingError) return [];
      throw error;
    }),
  };
}

function configOf(json: unknown, path: string): Config {
  // Nobody needs its extension to look at it.
  const without = configWithout(json);
  if (without) return without;
  try {
    // Settings that a later version added change nothing that is shown.
    return resolveConfig(Object.fromEntries(
      Object.entries(json ?? {})
        .filter(([key]) => (configKeys as readonly string[]).includes(key)),
    ));
  } catch (error) {
    throw new UsageError(
      `Cannot report ${path}: this version cannot make its experiment: ` +
        (error as Error).message,
      { cause: error },
    );
  }
}

// What may differ between runs of one band.
const APART: readonly string[] = [
  "seed",
  "dataSeed",
  ...Object.keys(deviceSettings),
];

/** A value of a config as a flag's text. */
export function shownValue(value: unknown): string {
  if (Array.isArray(value) && value.every((x) => typeof x !== "object")) {
    return value.length === 0 ? "none" : value.join(",");
  }
  return typeof value === "string" ? value : JSON.stringify(value);
}

// Those of extensions among them that are not here.
const keysOf = (configs: readonly Config[]): (keyof Config)[] => [
  ...new Set([
    ...configKeys,
    ...configs.flatMap(unknownKeys) as (keyof Config)[],
  ]),
];

/** The keys in which some configs differ. */
export function differingKeys(configs: readonly Config[]): (keyof Config)[] {
  return keysOf(configs).filter((key) =>
    new Set(configs.map((config) => JSON.stringify(config[key]))).size > 1
  );
}

/** Runs in groups that differ in more than their seeds. */
export function groupsOf(runs: readonly ReportRun[]): Group[] {
  const groups = new Map<string, ReportRun[]>();
  for (const run of runs) {
    const keys = keysOf([run.config]).filter((key) => !APART.includes(key));
    const key = JSON.stringify(keys.map((key) => [key, run.config[key]]));
    groups.set(key, [...groups.get(key) ?? [], run]);
  }
  const members = [...groups.values()] as [ReportRun, ...ReportRun[]][];
  const labels = labelsOf(members);
  return members.map((runs, i) => ({ label: labels[i]!, runs }));
}

// How many settings a label may name before the run's own name says more.
const MOST_SETTINGS = 3;
// A name that nobody gave says when, not what.
const AUTOMATIC = /^\d{4}-\d\d-\d\dT/;
const LONGEST = 44;

function labelsOf(groups: readonly [ReportRun, ...ReportRun[]][]): string[] {
  const names = groups.map(([run, ...more]) =>
    more.length === 0 ? run.name : `${run.name} and ${more.length} more`
  );
  const apart = new Set(names.map(cut)).size === names.length;
  if (groups.length === 1) return names.map(cut);
  if (apart && !names.some((name) => AUTOMATIC.test(name))) {
    return names.map(cut);
  }
  const configs = groups.map(([{ config }]) => config);
  const keys = differingKeys(configs).filter((key) =>
    !APART.includes(key) &&
    configs.some((config) => !idleKeys(config).includes(key))
  );
  const told = configs.map((config) =>
    keys.slice(0, MOST_SETTINGS)
      .map((key) => `${flagOf(key).slice(2)} ${shownValue(config[key])}`)
      .join(", ")
  );
  if (new Set(told.map(cut)).size === told.length) return told.map(cut);
  return apart
    ? names.map(cut)
    : names.map((name, i) => cut(`${i + 1}: ${name}`));
}

// As much as a legend has room for.
function cut(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`;
}

/** The first evaluated step at which a set counts as learnt, or null. */
export function reached(
  { config, rows }: Pick<ReportRun, "config" | "rows">,
  set: "train" | "test",
): number | null {
  return reachedStep(config, rows, set);
}

/** Whether a run's task is a regression, which has no accuracy; as its rows say. */
export const isRegression = ({ rows }: Pick<ReportRun, "rows">): boolean =>
  rows.length > 0 && !("train_accuracy" in rows[0]!);

/** Whether a run's task has no test rows; as its rows say. */
export const hasNoTest = ({ rows }: Pick<ReportRun, "rows">): boolean =>
  rows.length > 0 && !("test_loss" in rows[0]!) &&
  !("test_accuracy" in rows[0]!);

/** What is learnt: "add mod 113". */
export function taskOf({ config }: ReportRun): string {
  return definitionsOf(config).task.describe(config);
}
