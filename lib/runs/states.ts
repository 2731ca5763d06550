/**
 * The states of a run on the disk: how far they are, and which are whole.
 *
 * @module
 */

import { basename, dirname, join } from "node:path";
import type { Config } from "../config/config.ts";
import { firstStep } from "../config/switches.ts";
import { describing, FileError } from "../base/files.ts";
import { readVerified } from "../base/verified.ts";
import { decodeTensors, type FileTensors } from "../onnx/file/read_tensors.ts";
import type { HostTensor } from "../numeric/tensor.ts";
import { regular, sha256, sumsOf } from "../base/sums.ts";
import {
  checkpointPath,
  FILES,
  ignoreMissing,
  list,
  optimizerPath,
  stepsIn,
} from "./layout.ts";
import { parseRow } from "./read.ts";
import type { MetricsRow } from "./run_folder.ts";
import { filesOfStep } from "./run_sums.ts";

/** Tensors by path. */
export type Tensors = Readonly<Record<string, HostTensor>>;

/** The rows of a metrics.jsonl that can be relied upon. */
export interface WholeRows {
  /** The rows before a step. */
  readonly rows: readonly MetricsRow[];
  /** How many bytes of the file they are. */
  readonly bytes: number;
}

/**
 * The rows of a run's metrics before a step.
 *
 * @param run The folder.
 * @param config Its config.
 * @param step Updates made.
 * @returns Or why they are not all there, in words.
 */
export async function rowsBefore(
  run: string,
  config: Config,
  step: number,
): Promise<WholeRows | string> {
  const path = join(run, FILES.metrics);
  const file = await describing(
    `read ${path}`,
    () => Deno.readFile(path).catch(ignoreMissing),
  ) ?? new Uint8Array();
  const { evalEvery } = config;
  const first = Math.ceil(firstStep(config) / evalEvery) * evalEvery;
  const rows: MetricsRow[] = [];
  const decoder = new TextDecoder();
  let bytes = 0;
  for (let due = first; due < step; due += evalEvery) {
    const end = file.indexOf(0x0a, bytes);
    const line = decoder.decode(file.subarray(bytes, Math.max(end, bytes)));
    const row = end < 0 ? undefined : rowOf(line, path, rows.length + 1);
    if (row?.step !== due) return `${path} lacks the row of step ${due}`;
    rows.push(row);
    bytes = end + 1;
  }
  const written = (await sumsOf(run))?.rows.get(step);
  if (
    written && (written.bytes !== bytes ||
      written.sum !== sha256(file.subarray(0, bytes)))
  ) return `${path} is not as it was written before step ${step}`;
  return { rows, bytes };
}

function rowOf(
  line: string,
  path: string,
  number: number,
): MetricsRow | undefined {
  try {
    return parseRow(line, path, number);
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
  /** The config that the checkpoint was trained with, as it has it. */
  readonly trained: unknown;
}

/**
 * The steps of a run's checkpoints, last first, whole or not: one that its sums
 * name and that is not there is among them.
 */
export async function savedSteps(run: string): Promise<number[]> {
  const there = await list(join(run, FILES.checkpoints)) ?? [];
  const named = [...(await sumsOf(run))?.files.keys() ?? []]
    .filter((name) => dirname(name) === FILES.checkpoints)
    .map((name) => basename(name));
  return stepsIn([...new Set([...there, ...named])]).reverse();
}

/**
 * A state of a run with all metrics before it. Whether the tensors are those of
 * the config is not looked at.
 *
 * @param run The folder.
 * @param config Its config.
 * @param step Updates made.
 * @returns Or why it cannot be gone on with, in words.
 */
export async function savedState(
  run: string,
  config: Config,
  step: number,
): Promise<SavedState | string> {
  if (step > config.steps || step < firstStep(config)) {
    return `its config is of the steps ${firstStep(config)} to ${config.steps}`;
  }
  const before = await rowsBefore(run, config, step);
  if (typeof before === "string") return before;
  const params = await fileOf(checkpointPath(run, step));
  if (typeof params === "string") return params;
  const optimizer = await optimizerStateAt(run, step);
  if (typeof optimizer === "string") return optimizer;
  return {
    params: params.tensors,
    optimizer,
    trained: params.metadata("config"),
    ...before,
  };
}

/**
 * The optimizer's state in a run at a step, by path; empty where the optimizer has
 * none.
 *
 * @returns Or why it cannot be read, in words.
 */
export async function optimizerStateAt(
  run: string,
  step: number,
): Promise<Tensors | string> {
  const path = optimizerPath(run, step);
  if (!await regular(path)) {
    const sums = await sumsOf(run);
    const [, name] = filesOfStep(step);
    return sums?.files.has(name) ? `${path} is not there` : {};
  }
  const file = await fileOf(path);
  return typeof file === "string" ? file : file.tensors;
}

/** A file of tensors, or why it cannot be read, in words. */
export async function fileOf(path: string): Promise<FileTensors | string> {
  try {
    return decodeTensors(await readVerified(path), path);
  } catch (error) {
    if (error instanceof FileError || error instanceof SyntaxError) {
      return error.message;
    }
    throw error;
  }
}
