/**
 * Which files make a run folder.
 *
 * @module
 */

import { join } from "node:path";
import { FileError, isAbsent, isPartial } from "../base/files.ts";
import { isObject, parseObject, type Unchecked } from "../base/json.ts";
import { taskLine } from "../base/shell.ts";
import {
  DamagedError,
  irregular,
  isRun,
  readOfRun,
  SUMS,
  sumsOf,
} from "../base/sums.ts";
import { COPIES } from "../extensions/modules.ts";
import type { Manifest } from "./manifest.ts";

/** The files and folders of a run. */
export const FILES = {
  config: "config.json",
  manifest: "manifest.json",
  split: "split.json",
  metrics: "metrics.jsonl",
  checkpoints: "checkpoints",
  optimizer: "optimizer",
  extensions: COPIES,
  summary: "summary.json",
  labels: "labels.json",
  sums: SUMS,
} as const;

/** The file that says which process trains in a folder. */
export const LOCK = "lock";

/** The end of the path of a replica's run folder. */
export const REPLICA = /(^|[/\\])replica-\d+$/;

/** The name of a checkpoint's file; its group is the step. */
export const CHECKPOINT = /^step-(\d{8,})\.onnx$/;

/** The name of a step's file. */
export function stepFile(step: number): string {
  return `step-${String(step).padStart(8, "0")}.onnx`;
}

/**
 * The file of a step's checkpoint inside a run folder.
 *
 * @param run The run's folder.
 * @param step The step: updates made before.
 */
export function checkpointPath(run: string, step: number): string {
  return join(run, FILES.checkpoints, stepFile(step));
}

/** The file of the optimizer's state at a step inside a run folder. */
export function optimizerPath(run: string, step: number): string {
  return join(run, FILES.optimizer, stepFile(step));
}

/** The steps that files of checkpoints or optimizers are of, in order. */
export function stepsIn(names: readonly string[]): number[] {
  return names.map((name) => CHECKPOINT.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
}

/** The names in a folder, or undefined where there is none. */
export async function list(path: string): Promise<string[] | undefined> {
  try {
    const names: string[] = [];
    for await (const entry of Deno.readDir(path)) names.push(entry.name);
    return names;
  } catch (error) {
    ignoreMissing(error);
    return undefined;
  }
}

/** Passes over the error that something is not there. */
export function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

/**
 * The names of the replicas' folders in a folder, in no order; none where it is
 * not there.
 *
 * @throws {FileError} if one is no folder: a link could lead a writer anywhere.
 */
export async function replicasIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  for (const entry of await entriesOf(folder)) {
    const { name, isDirectory } = entry;
    if (!REPLICA.test(name)) continue;
    const path = join(folder, name);
    if (!isDirectory) {
      const info = await Deno.lstat(path).catch(() => entry);
      throw irregular(path, info, "a folder");
    }
    names.push(name);
  }
  return names;
}

/**
 * Checks that what a run's files should be are files, and its folders folders: a
 * link could lead a writer anywhere, and a pipe never ends.
 *
 * @throws {FileError} if there is something else.
 */
export async function checkRegular(run: string): Promise<void> {
  const files: readonly string[] = Object.values(FILES);
  const { checkpoints, optimizer, extensions } = FILES;
  const folders = [checkpoints, optimizer, extensions] as const;
  const check = async (
    folder: string,
    isOurs: (name: string) => boolean,
  ): Promise<void> => {
    for (const entry of await entriesOf(folder)) {
      const { name } = entry;
      if (!isOurs(name) && !isPartial(name)) continue;
      const isFolder = folder === run &&
        (folders as readonly string[]).includes(name);
      if (isFolder ? entry.isDirectory : entry.isFile) continue;
      throw irregular(
        join(folder, name),
        // What a listing does not tell pipes and devices apart by.
        await Deno.lstat(join(folder, name)).catch(() => entry),
        isFolder ? "a folder" : "a regular file",
      );
    }
  };
  await check(run, (name) => files.includes(name) || name === LOCK);
  for (const part of [checkpoints, optimizer]) {
    await check(join(run, part), (name) => CHECKPOINT.test(name));
  }
  await checkTree(join(run, extensions));
}

// Of a tree that the run wrote as a whole every part must be a file or a folder.
async function checkTree(folder: string): Promise<void> {
  for (const entry of await entriesOf(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) await checkTree(path);
    else if (!entry.isFile) {
      throw irregular(path, await Deno.lstat(path).catch(() => entry));
    }
  }
}

async function entriesOf(path: string): Promise<Deno.DirEntry[]> {
  try {
    return await Array.fromAsync(Deno.readDir(path));
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/**
 * The text of a file of a run, held to its sum.
 *
 * @returns Undefined where there is none.
 * @throws {DamagedError} if it is not what was written.
 * @throws {FileError} if it cannot be read.
 */
export async function textOf(
  run: string,
  name: string,
): Promise<string | undefined> {
  const bytes = await readOfRun(run, name);
  return bytes && new TextDecoder().decode(bytes);
}

// The text of a manifest; where it is lost, what is left of the run is said.
async function manifestText(run: string): Promise<string | undefined> {
  let problem: string;
  try {
    const text = await textOf(run, FILES.manifest);
    if (text !== undefined) return text;
    if (!await isRun(run)) return undefined;
    problem =
      `Cannot read the run ${run}: ${join(run, FILES.manifest)}, which ` +
      "says how it was made, is not there";
  } catch (error) {
    // Of damaged sums nothing is known to stand.
    if (!(error instanceof DamagedError && await sumsStand(run))) throw error;
    problem = error.message;
  }
  throw new DamagedError(`${problem}; ${await whatStands(run)}`);
}

const sumsStand = (run: string) => sumsOf(run).then(Boolean, () => false);

// What of a run is as it was written, though its manifest is not, and what can be
// done with it.
async function whatStands(run: string): Promise<string> {
  const whole: string[] = [];
  const isWhole = (name: string) =>
    readOfRun(run, name).then((bytes) => bytes !== undefined, () => false);
  for (const name of [FILES.config, FILES.split, FILES.metrics]) {
    if (await isWhole(name)) whole.push(name);
  }
  const steps = stepsIn(await list(join(run, FILES.checkpoints)) ?? []);
  let last: number | undefined;
  for (const step of steps.reverse()) {
    if (!await isWhole(`${FILES.checkpoints}/${stepFile(step)}`)) continue;
    last = step;
    break;
  }
  if (last !== undefined) whole.push(`the checkpoint of step ${last}`);
  const stands = whole.length === 0
    ? "nothing else of it is whole"
    : `${whole.join(", ")} ${whole.length === 1 ? "is" : "are"} whole`;
  return `${stands}; put ${FILES.manifest} back from a copy` +
    (last === undefined ? "" : ", or start a new run from the last whole " +
      `checkpoint with ${taskLine("train", "--from", run)}`);
}

/**
 * The manifest of a run.
 *
 * @returns Undefined where there is none, or it is another program's: those have
 * files of that name too.
 * @throws {SyntaxError} if it is no manifest.
 * @throws {DamagedError} if it is not what was written.
 */
export async function findManifest(run: string): Promise<Manifest | undefined> {
  const path = join(run, FILES.manifest);
  const text = await manifestText(run);
  if (text === undefined) return undefined;
  const manifest: Unchecked<Manifest> = parseObject(text, path, "a manifest");
  const { groklab, started, device, versions } = manifest;
  if (groklab === undefined) return undefined;
  const problem = typeof groklab !== "string"
    ? "groklab must be a version"
    : typeof started !== "string"
    ? "started must be a time"
    : !isObject(device) || typeof device["provider"] !== "string"
    ? "device must say a provider"
    : !isObject(versions)
    ? "versions must be an object"
    : undefined;
  if (problem !== undefined) {
    throw new SyntaxError(`Cannot read ${path}: of a manifest ${problem}`);
  }
  return manifest as Manifest;
}

/**
 * The manifest of what must be a run.
 *
 * @throws {FileError} if it has none of groklab's.
 * @throws {SyntaxError} if it is no manifest.
 */
export async function readManifest(run: string): Promise<Manifest> {
  const manifest = await findManifest(run);
  if (manifest) return manifest;
  throw new FileError(
    `Cannot read the run ${run}: it holds no ${FILES.manifest} of groklab`,
  );
}
