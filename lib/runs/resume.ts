/**
 * Run folders that a training left in the middle: how far they are, and what of
 * them is whole.
 *
 * @module
 */

import { join } from "node:path";
import { type Config, resolveConfig } from "../config/config.ts";
import { firstStep } from "../config/course.ts";
import { decodeTensors } from "../onnx/read_tensors.ts";
import type { HostTensor } from "../onnx/tensor.ts";
import {
  checkpointPath,
  FILES,
  ignoreMissing,
  list,
  optimizerPath,
  readManifest,
  stepsIn,
} from "./_layout.ts";
import type { Manifest } from "./manifest.ts";
import type { MetricsRow } from "./run_folder.ts";

/** Tensors by path. */
export type Tensors = Readonly<Record<string, HostTensor>>;

/** What a run folder says about its training. */
export interface Interrupted {
  /** What it was made with. */
  readonly manifest: Manifest;
  /** What is trained; left out where it was stopped before that was written. */
  readonly config?: Config;
  /** How it ended, if it did: what summary.json holds. */
  readonly summary?: Summary;
}

/** What summary.json says, as far as resuming reads it. */
export interface Summary {
  /** Updates made. */
  readonly steps: number;
  /** The step whose loss was not finite, if there was one. */
  readonly diverged_at?: number | null;
}

/**
 * Reads what a run folder says about its training.
 *
 * @param run The folder.
 * @returns Undefined where it is no run.
 * @throws {ConfigError} if this version cannot train its config.
 */
export async function readInterrupted(
  run: string,
): Promise<Interrupted | undefined> {
  const manifest = await readManifest(run).catch(ignoreMissing);
  if (!manifest) return undefined;
  const config = await readJson(join(run, FILES.config));
  const summary = await readJson(join(run, FILES.summary));
  return {
    manifest,
    ...(config !== undefined && { config: resolveConfig(config) }),
    ...(summary !== undefined && { summary: summary as Summary }),
  };
}

/**
 * Whether a run has nothing left to train.
 *
 * @param summary How it ended, if it did.
 * @param steps Updates to make.
 */
export function isOver(summary: Summary | undefined, steps: number): boolean {
  return summary !== undefined &&
    (typeof summary.diverged_at === "number" || summary.steps >= steps);
}

// The contents of a JSON file, undefined where it is missing or torn.
async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    ignoreMissing(error);
    return undefined;
  }
}

/** The rows of a metrics.jsonl that can be relied upon. */
export interface WholeRows {
  /** The rows before a step. */
  readonly rows: readonly MetricsRow[];
  /** How many bytes of the file they are. */
  readonly bytes: number;
}

/**
 * The rows of a run's metrics before a step, undefined where one that was due
 * is missing or torn.
 *
 * @param run The folder.
 * @param config Its config.
 * @param step Updates made.
 */
export async function rowsBefore(
  run: string,
  config: Config,
  step: number,
): Promise<WholeRows | undefined> {
  const text = await Deno.readTextFile(join(run, FILES.metrics))
    .catch((error) => {
      ignoreMissing(error);
      return "";
    });
  const { evalEvery } = config;
  const first = Math.ceil(firstStep(config) / evalEvery) * evalEvery;
  const rows: MetricsRow[] = [];
  let bytes = 0;
  const lines = text.split("\n").slice(0, -1);
  for (let due = first; due < step; due += evalEvery) {
    const line = lines[rows.length];
    const row = line === undefined ? undefined : rowOf(line);
    if (row?.step !== due) return undefined;
    rows.push(row);
    bytes += new TextEncoder().encode(line).length + 1;
  }
  return { rows, bytes };
}

function rowOf(line: string): MetricsRow | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** A state on the disk, of which both files could be read. */
export interface SavedState extends WholeRows {
  /** The parameters. */
  readonly params: Tensors;
  /** The optimizer's state; empty where there is no file. */
  readonly optimizer: Tensors;
}

/** The steps of a run's checkpoints, whole or not, last first. */
export async function savedSteps(run: string): Promise<number[]> {
  return stepsIn(await list(join(run, FILES.checkpoints)) ?? []).reverse();
}

/**
 * A state of a run with all metrics before it, undefined where one of the files
 * is missing or torn. Whether the tensors are those of the config is not looked
 * at.
 *
 * @param run The folder.
 * @param config Its config.
 * @param step Updates made.
 */
export async function savedState(
  run: string,
  config: Config,
  step: number,
): Promise<SavedState | undefined> {
  if (step > config.steps || step < firstStep(config)) return undefined;
  const before = await rowsBefore(run, config, step);
  const params = before && await tensorsOf(checkpointPath(run, step));
  if (!params) return undefined;
  const optimizer = await optimizerStateAt(run, step) ?? {};
  return { params, optimizer, ...before };
}

/**
 * The optimizer's state in a run at a step, by path; undefined where its file is
 * missing or torn, or the optimizer has none.
 */
export function optimizerStateAt(
  run: string,
  step: number,
): Promise<Tensors | undefined> {
  return tensorsOf(optimizerPath(run, step));
}

async function tensorsOf(path: string): Promise<Tensors | undefined> {
  try {
    return decodeTensors(await Deno.readFile(path), path).tensors;
  } catch (error) {
    // Missing or torn: then that state was not written whole.
    if (error instanceof SyntaxError) return undefined;
    ignoreMissing(error);
    return undefined;
  }
}
