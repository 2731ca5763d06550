/**
 * Which files make a run folder.
 *
 * @module
 */

import { join } from "node:path";
import { FileError } from "../files.ts";
import type { Manifest } from "./manifest.ts";

/** The files and folders of a run. */
export const FILES = {
  config: "config.json",
  manifest: "manifest.json",
  split: "split.json",
  metrics: "metrics.jsonl",
  checkpoints: "checkpoints",
  optimizer: "optimizer",
  summary: "summary.json",
} as const;

/** The end of the path of a replica's run folder. */
export const REPLICA = /(^|[/\\])replica-\d+$/;

/** The name of a checkpoint's file; its group is the step. */
export const CHECKPOINT = /^step-(\d{8,})\.onnx$/;

/** The name of a step's file. */
export function stepFile(step: number): string {
  return `step-${String(step).padStart(8, "0")}.onnx`;
}

/** The file of a step's checkpoint inside a run folder. */
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

/** The manifest of a run; other programs have files of that name too. */
export async function readManifest(run: string): Promise<Manifest> {
  const path = join(run, FILES.manifest);
  const manifest = JSON.parse(await Deno.readTextFile(path));
  if (typeof manifest?.groklab !== "string") {
    throw new FileError(`Cannot read ${path}: it is not groklab's`);
  }
  return manifest;
}
