/**
 * The run folder: what a run leaves behind, readable at any moment.
 *
 *     config.json                     the resolved config; feeding it back
 *                                     repeats the run
 *     manifest.json                   versions, lock hash, device, command, git
 *     split.json                      inputs and labels, train and test
 *     metrics.jsonl                   a row per evaluation
 *     checkpoints/step-NNNNNNNN.onnx  the model after N updates
 *     optimizer/step-NNNNNNNN.onnx    the optimizer's state there, if it has any
 *     summary.json                    how it ended
 *
 * @module
 */

import { join } from "node:path";
import type { Config } from "../config/config.ts";
import type { Split } from "../data/dataset.ts";
import type { Metrics } from "../train/metrics.ts";
import { describing, FileError, writeWhole } from "./files.ts";
import type { Manifest } from "./manifest.ts";

/** A row of metrics.jsonl. NaN is written as null. */
export interface MetricsRow extends Metrics {
  /** Updates made before this evaluation. */
  readonly step: number;
  /** Mean milliseconds a step, of the steps run together with this one. */
  readonly ms_per_step: number;
}

const FILES = {
  config: "config.json",
  manifest: "manifest.json",
  split: "split.json",
  metrics: "metrics.jsonl",
  checkpoints: "checkpoints",
  optimizer: "optimizer",
  summary: "summary.json",
} as const;

const CHECKPOINT = /^step-(\d{8,})\.onnx$/;

const json = (value: unknown) => JSON.stringify(value, null, 2) + "\n";

const stepFile = (step: number) => `step-${String(step).padStart(8, "0")}.onnx`;

/** The file of a step's checkpoint inside a run folder. */
export function checkpointPath(run: string, step: number): string {
  return join(run, FILES.checkpoints, stepFile(step));
}

/** A run being written. */
export class RunWriter {
  /** The run's folder. */
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Starts a run.
   *
   * @param path The folder; made if need be.
   * @param contents What is known before the first step.
   * @param overwrite Replace the run that is there.
   * @throws {FileError} if the folder holds something, or cannot be written.
   */
  static async create(
    path: string,
    contents: { config: Config; manifest: Manifest; split: Split },
    overwrite = false,
  ): Promise<RunWriter> {
    await checkFree(path, overwrite);
    const { config, manifest, split } = contents;
    await describing(`start a run in ${path}`, async () => {
      await Deno.mkdir(path, { recursive: true });
      await removeRun(path);
      // The manifest first: it is what makes a folder a run.
      await writeWhole(join(path, FILES.manifest), json(manifest));
      await writeWhole(join(path, FILES.config), json(config));
      await writeWhole(join(path, FILES.split), JSON.stringify(split) + "\n");
      await writeWhole(join(path, FILES.metrics), "");
    });
    return new RunWriter(path);
  }

  /** Adds rows to metrics.jsonl. */
  appendMetrics(rows: readonly MetricsRow[]): Promise<void> {
    if (rows.length === 0) return Promise.resolve();
    const path = join(this.path, FILES.metrics);
    const lines = rows.map((row) => JSON.stringify(row) + "\n").join("");
    return describing(
      `write ${path}`,
      () => Deno.writeTextFile(path, lines, { append: true }),
    );
  }

  /**
   * Writes a checkpoint and returns its path.
   *
   * @param step Updates made.
   * @param model The model's file.
   * @param optimizer The file of the optimizer's state, where it has any; it
   * comes second: on a full disk the model is worth more.
   */
  async writeCheckpoint(
    step: number,
    model: Uint8Array,
    optimizer?: Uint8Array,
  ): Promise<string> {
    const path = checkpointPath(this.path, step);
    await writeWhole(path, model);
    if (optimizer) {
      await writeWhole(
        join(this.path, FILES.optimizer, stepFile(step)),
        optimizer,
      );
    }
    return path;
  }

  /** Writes how the run ended. */
  writeSummary(summary: unknown): Promise<void> {
    return writeWhole(join(this.path, FILES.summary), json(summary));
  }
}

/**
 * Checks that a run can be started in a folder, changing nothing.
 *
 * @throws {FileError} if it holds a run and `overwrite` is not set, or holds
 * anything that is not a run.
 */
export async function checkFree(
  path: string,
  overwrite: boolean,
): Promise<void> {
  const entries = await describing(
    `start a run in ${path}`,
    () => list(path),
  );
  if (!entries || entries.length === 0) return;
  const isRun = await readManifest(path).then(() => true, () => false);
  if (isRun && overwrite) return;
  throw new FileError(
    isRun
      ? `Cannot start a run in ${path}: it holds a run already; ` +
        "choose another folder with --run, or replace it with --overwrite"
      : `Cannot start a run in ${path}: the folder is not empty and ` +
        "holds no run; choose another folder with --run",
  );
}

// Removes what a run consists of and nothing else that lies there.
async function removeRun(path: string): Promise<void> {
  const { manifest, checkpoints, optimizer, ...files } = FILES;
  for (const folder of [checkpoints, optimizer]) {
    for (const name of await list(join(path, folder)) ?? []) {
      if (CHECKPOINT.test(name)) await Deno.remove(join(path, folder, name));
    }
  }
  for (const name of [...Object.values(files), manifest]) {
    await Deno.remove(join(path, name)).catch(ignoreMissing);
  }
}

async function list(path: string): Promise<string[] | undefined> {
  try {
    const names: string[] = [];
    for await (const entry of Deno.readDir(path)) names.push(entry.name);
    return names;
  } catch (error) {
    ignoreMissing(error);
    return undefined;
  }
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

/**
 * A folder for a run that was given none: `runs/` and the time.
 *
 * @param config Named after its task, model and seed.
 */
export async function newRunPath(config: Config): Promise<string> {
  const { task, modulus, model, seed } = config;
  const time = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
  const what = task === "parity" ? task : `${task}${modulus}`;
  const path = join("runs", `${time}-${what}-${model}-seed${seed}`);
  for (let n = 1;; n++) {
    const candidate = n === 1 ? path : `${path}-${n}`;
    if (await list(candidate) === undefined) return candidate;
  }
}

/**
 * The run that was started last in a folder of runs.
 *
 * @param folder Where runs lie.
 * @throws {FileError} if there is none.
 */
export async function newestRun(folder = "runs"): Promise<string> {
  let newest: { path: string; started: string } | undefined;
  for (const name of await list(folder) ?? []) {
    const path = join(folder, name);
    const manifest = await readManifest(path).catch(() => undefined);
    if (manifest && !(newest && newest.started > manifest.started)) {
      newest = { path, started: manifest.started };
    }
  }
  if (!newest) {
    throw new FileError(
      `Cannot find a run in ${folder}/: make one with deno task train, or ` +
        "name a run folder or an .onnx file",
    );
  }
  return newest.path;
}

/** The manifest of a run; other programs have files of that name too. */
async function readManifest(run: string): Promise<Manifest> {
  const path = join(run, FILES.manifest);
  const manifest = JSON.parse(await Deno.readTextFile(path));
  if (typeof manifest?.groklab !== "string") {
    throw new FileError(`Cannot read ${path}: it is not groklab's`);
  }
  return manifest;
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
  const steps = (names ?? [])
    .map((name) => CHECKPOINT.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
  if (steps.length === 0) {
    throw new FileError(
      `Cannot read the run ${run}: it has no checkpoints ` +
        `(wanted ${join(run, FILES.checkpoints)}/step-NNNNNNNN.onnx)`,
    );
  }
  return steps.map((step) => ({ step, path: checkpointPath(run, step) }));
}

/**
 * The checkpoint that a user means: an .onnx file itself, or a run's
 * checkpoint, the last one unless a step is given.
 *
 * @param source A run folder or an .onnx file; by default the newest run.
 * @param step Which checkpoint of the run.
 * @throws {FileError} if there is no such file, run or step.
 */
export async function findCheckpoint(
  source?: string,
  step?: number,
): Promise<string> {
  const path = source ?? await newestRun();
  const info = await describing(`read ${path}`, () => Deno.stat(path));
  if (info.isFile) {
    if (step === undefined) return path;
    throw new FileError(
      `Cannot choose step ${step} of ${path}: it is a file, not a run`,
    );
  }
  const checkpoints = await checkpointsOf(path);
  if (step === undefined) return checkpoints.at(-1)!.path;
  const found = checkpoints.find((checkpoint) => checkpoint.step === step);
  if (found) return found.path;
  throw new FileError(
    `Cannot find a checkpoint of step ${step} in ${path}: it has steps ` +
      checkpoints.map((checkpoint) => checkpoint.step).join(", "),
  );
}
