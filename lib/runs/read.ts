/**
 * Reading runs: the newest, its metrics, its checkpoints.
 *
 * @module
 */

import { append } from "../extremes.ts";
import { basename, dirname, join } from "node:path";
import { UsageError } from "../errors.ts";
import { describing, FileError } from "../files.ts";
import { taskLine } from "../shell.ts";
import {
  CHECKPOINT,
  checkpointPath,
  FILES,
  list,
  readManifest,
  REPLICA,
  stepsIn,
} from "./_layout.ts";
import type { MetricsRow } from "./run_folder.ts";

/**
 * The runs in a folder, replicas among them, the one that was started last
 * first.
 *
 * @param folder Where runs lie.
 */
export async function runsIn(folder = "runs"): Promise<string[]> {
  const runs: { path: string; started: string }[] = [];
  const paths: string[] = [];
  for (const name of await list(folder) ?? []) {
    const path = join(folder, name);
    const inside = await list(path).catch(() => undefined);
    const replicas = (inside ?? []).filter((name) => REPLICA.test(name));
    append(paths, [path, ...replicas.map((name) => join(path, name))]);
  }
  for (const path of paths) {
    const manifest = await readManifest(path).catch(() => undefined);
    if (manifest) runs.push({ path, started: manifest.started });
  }
  // Of the same moment the one that was listed last.
  return runs.reverse()
    .sort((a, b) => a.started < b.started ? 1 : a.started > b.started ? -1 : 0)
    .map(({ path }) => path);
}

/**
 * The run that was started last in a folder of runs.
 *
 * @param folder Where runs lie.
 * @throws {FileError} if there is none.
 */
export async function newestRun(folder = "runs"): Promise<string> {
  const [newest] = await runsIn(folder);
  if (newest !== undefined) return newest;
  throw new FileError(
    `Cannot find a run in ${folder}/: make one with ${taskLine("train")}, ` +
      "or name a run folder or an .onnx file",
  );
}

/**
 * The config of a run as it was written, by whichever version.
 *
 * @throws {FileError} if there is none, or it is no JSON.
 */
export async function readConfig(run: string): Promise<unknown> {
  const path = join(run, FILES.config);
  return await describing(
    `read ${path}`,
    async () => JSON.parse(await Deno.readTextFile(path)),
  );
}

/** The rows of a run's metrics; a last line that was cut short is left out. */
export async function readMetrics(run: string): Promise<MetricsRow[]> {
  const path = join(run, FILES.metrics);
  const text = await describing(
    `read ${path}`,
    () => Deno.readTextFile(path),
  );
  const lines = text.split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line));
}

/**
 * The checkpoints of a run, oldest first.
 *
 * @throws {FileError} if the folder is no run or has no checkpoint.
 */
export async function checkpointsOf(
  run: string,
): Promise<{ step: number; path: string }[]> {
  const names = await describing(
    `read the run ${run}`,
    () => list(join(run, FILES.checkpoints)),
  );
  const steps = stepsIn(names ?? []);
  if (steps.length === 0) {
    const replicas = (await list(run) ?? []).filter((name) =>
      REPLICA.test(name)
    );
    if (replicas.length > 0) {
      throw new UsageError(
        `Cannot read the run ${run}: it holds ${replicas.length} of them, ` +
          `choose one, ${join(run, "replica-0")} for example`,
      );
    }
    throw new FileError(
      `Cannot read the run ${run}: it has no checkpoints ` +
        `(wanted ${join(run, FILES.checkpoints)}/step-NNNNNNNN.onnx)`,
    );
  }
  return steps.map((step) => ({ step, path: checkpointPath(run, step) }));
}

/** The run folder that a checkpoint's file lies in, or undefined. */
export async function runOfCheckpoint(
  path: string,
): Promise<string | undefined> {
  const folder = dirname(path);
  if (
    basename(folder) !== FILES.checkpoints || !CHECKPOINT.test(basename(path))
  ) return undefined;
  const run = dirname(folder);
  const manifest = await readManifest(run).catch(() => undefined);
  return manifest && run;
}

/**
 * The checkpoint that a user means: an .onnx file itself, or a run's
 * checkpoint, the last one unless a step is given.
 *
 * @param source A run folder or an .onnx file; by default the newest run.
 * @param step Which checkpoint of the run.
 * @throws {FileError} if there is no such file or run.
 * @throws {UsageError} if the run has no such step.
 */
export async function findCheckpoint(
  source?: string,
  step?: number,
): Promise<string> {
  const path = source ?? await newestRun();
  const info = await describing(`read ${path}`, () => Deno.stat(path));
  if (info.isFile) {
    if (step === undefined) return path;
    throw new UsageError(
      `Cannot choose step ${step} of ${path}: it is a file, not a run`,
    );
  }
  const checkpoints = await checkpointsOf(path);
  if (step === undefined) return checkpoints.at(-1)!.path;
  const found = checkpoints.find((checkpoint) => checkpoint.step === step);
  if (found) return found.path;
  throw new UsageError(
    `Cannot find a checkpoint of step ${step} in ${path}: it has steps ` +
      checkpoints.map((checkpoint) => checkpoint.step).join(", "),
  );
}

/**
 * Some of a run's checkpoints, or of anything in order: the first and the last
 * among them, the others evenly between.
 *
 * @param all What there is.
 * @param most How many, 2 or more; all, where there are no more.
 */
export function evenlySpaced<T>(all: readonly T[], most: number): T[] {
  const last = all.length - 1;
  if (all.length <= most) return [...all];
  return Array.from(
    { length: most },
    (_, i) => all[Math.round(i * last / (most - 1))]!,
  );
}
