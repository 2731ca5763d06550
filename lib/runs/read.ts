/**
 * Reading runs: the newest, its metrics, its checkpoints.
 *
 * @module
 */

import { basename, dirname, join } from "node:path";
import { UsageError } from "../base/errors.ts";
import { append } from "../base/extremes.ts";
import { describing, FileError } from "../base/files.ts";
import { readVerified } from "../base/verified.ts";
import { kindOf, parseObject, type Unchecked } from "../base/json.ts";
import { notice } from "../base/notices.ts";
import { checkArgument, pathCheck } from "../base/options.ts";
import { taskLine } from "../base/shell.ts";
import { irregular, isRun } from "../base/sums.ts";
import {
  CHECKPOINT,
  checkpointPath,
  checkRegular,
  FILES,
  findManifest,
  list,
  replicasIn,
  stepsIn,
  textOf,
} from "./layout.ts";
import type { MetricsRow } from "./run_folder.ts";
import { firstWhole } from "./whole.ts";

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
    const replicas = await replicasIn(path).catch((error) => {
      notice(`${path} is passed over: ${(error as Error).message}`);
      return undefined;
    });
    if (!replicas) continue;
    append(paths, [path, ...replicas.map((name) => join(path, name))]);
  }
  for (const path of paths) {
    const manifest = await findManifest(path).catch((error) => {
      notice(`${path} is passed over: ${(error as Error).message}`);
    });
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
 * @throws {FileError} if there is none, or it is not what was written.
 * @throws {SyntaxError} if it is no JSON object.
 */
export async function readConfig(run: string): Promise<unknown> {
  checkArgument("readConfig()", "run", run, pathCheck);
  const path = join(run, FILES.config);
  const text = await textOf(run, FILES.config);
  if (text === undefined) throw missing(path);
  return parseObject(text, path, "a config, an object of settings");
}

/** A file that a run does not have, or not yet. */
export class MissingError extends FileError {
  /** What tells it from other errors. */
  override name = "MissingError";
}

const missing = (path: string) =>
  new MissingError(`Cannot read ${path}: there is no such file`);

/**
 * The rows of a run's metrics; a last line that was cut short is left out.
 *
 * ```ts
 * import { checkpointsOf, readMetrics, train } from "@groklab/groklab";
 * import { assertEquals } from "@std/assert";
 *
 * const run = await Deno.makeTempDir();
 * const config = { modulus: 7, hidden: [16], steps: 20, checkpointEvery: 10 };
 * await train(config, { run });
 * const rows = await readMetrics(run);
 * assertEquals(rows.map(({ step }) => step), [0, 10, 20]);
 * const checkpoints = await checkpointsOf(run);
 * assertEquals(checkpoints.map(({ step }) => step), [0, 10, 20]);
 * ```
 *
 * @throws {FileError} if there are none, or they are not what was written.
 * @throws {SyntaxError} if a line is no row.
 */
export async function readMetrics(run: string): Promise<MetricsRow[]> {
  checkArgument("readMetrics()", "run", run, pathCheck);
  const path = join(run, FILES.metrics);
  const text = await textOf(run, FILES.metrics);
  if (text === undefined) throw missing(path);
  const rows = text.split("\n").slice(0, -1)
    .map((line, i) => parseRow(line, path, i + 1));
  for (const [i, { step }] of rows.entries()) {
    if (i === 0 || step > rows[i - 1]!.step) continue;
    throw new SyntaxError(
      `Cannot read ${path}: line ${i + 1} is of step ${step}, the one before ` +
        `of step ${rows[i - 1]!.step}; wanted steps that rise`,
    );
  }
  return rows;
}

const ROW = "a row of metrics, an object with a step and numbers";

/**
 * A line of metrics.jsonl. NaN and the infinities, which other tools write, are
 * what groklab writes for them: null.
 *
 * @param line The line.
 * @param path The file that it is out of.
 * @param number Its number, from 1.
 * @throws {SyntaxError} if it is no row.
 */
export function parseRow(
  line: string,
  path: string,
  number: number,
): MetricsRow {
  const options = { line: number, notFinite: true };
  const row: Unchecked<MetricsRow> = parseObject(line, path, ROW, options);
  const { step } = row;
  const other = Object.entries(row)
    .find(([, value]) => value !== null && typeof value !== "number");
  if (!other && Number.isSafeInteger(step) && (step as number) >= 0) {
    return row as MetricsRow;
  }
  const problem = other
    ? `${other[0]} is ${kindOf(other[1])}`
    : `its step is ${JSON.stringify(step) ?? "missing"}`;
  throw new SyntaxError(
    `Cannot read ${path}: line ${number}: ${problem}; wanted ${ROW}`,
  );
}

/**
 * The checkpoints of a run, oldest first.
 *
 * @throws {FileError} if the folder is no run or has no checkpoint.
 */
export async function checkpointsOf(
  run: string,
): Promise<{ step: number; path: string }[]> {
  checkArgument("checkpointsOf()", "run", run, pathCheck);
  const names = await describing(`read the run ${run}`, async () => {
    await checkRegular(run);
    return await list(join(run, FILES.checkpoints));
  });
  const steps = stepsIn(names ?? []);
  if (steps.length === 0) {
    const replicas = await replicasIn(run);
    if (replicas.length > 0) {
      throw new UsageError(
        `Cannot read the run ${run}: it holds ${replicas.length} of them, ` +
          `choose one, ${join(run, "replica-0")} for example`,
      );
    }
    throw new MissingError(
      `Cannot read the run ${run}: it has no checkpoints ` +
        `(wanted ${join(run, FILES.checkpoints)}/step-NNNNNNNN.onnx)`,
    );
  }
  return steps.map((step) => ({ step, path: checkpointPath(run, step) }));
}

/**
 * The run folder that a checkpoint's file lies in, or undefined.
 *
 * @throws {TypeError} if the path is no text.
 */
export async function runOfCheckpoint(
  path: string,
): Promise<string | undefined> {
  checkArgument("runOfCheckpoint()", "path", path, pathCheck);
  const folder = dirname(path);
  if (
    basename(folder) !== FILES.checkpoints || !CHECKPOINT.test(basename(path))
  ) return undefined;
  const run = dirname(folder);
  return await isRun(run) ? run : undefined;
}

/**
 * The checkpoint that a user means: an .onnx file itself, or a run's
 * checkpoint, the last whole one unless a step is given.
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
  const paths = await checkpointsMeant(source, step);
  // What is named alone is read as it is, or refused.
  if (paths.length === 1) return paths[0]!;
  return await firstWhole(paths, async (path) => {
    await readVerified(path);
    return path;
  });
}

/**
 * The files that a user may mean: an .onnx file itself, a run's checkpoint of a
 * step, or all of them, the last first.
 *
 * @param source A run folder or an .onnx file; by default the newest run.
 * @param step Which checkpoint of the run.
 * @throws {FileError} if there is no such file or run.
 * @throws {UsageError} if the run has no such step.
 */
export async function checkpointsMeant(
  source?: string,
  step?: number,
): Promise<string[]> {
  const path = source ?? await newestRun();
  const info = await describing(`read ${path}`, () => Deno.stat(path));
  if (info.isFile) {
    if (step === undefined) return [path];
    throw new UsageError(
      `Cannot choose step ${step} of ${path}: it is a file, not a run`,
    );
  }
  if (!info.isDirectory) {
    throw irregular(path, info, "a run folder or an .onnx file");
  }
  const checkpoints = await checkpointsOf(path);
  if (step === undefined) return checkpoints.reverse().map(({ path }) => path);
  const found = checkpoints.find((checkpoint) => checkpoint.step === step);
  if (found) return [found.path];
  throw new UsageError(
    `Cannot find a checkpoint of step ${step} in ${path}: it has steps ` +
      checkpoints.map((checkpoint) => checkpoint.step).join(", "),
  );
}
