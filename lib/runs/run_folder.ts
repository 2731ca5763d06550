/**
 * The run folder: what a run leaves behind, readable at any moment.
 *
 *     config.json                     the resolved config; feeding it back
 *                                     repeats the run
 *     manifest.json                   versions, lock hash, device, command, git
 *     split.json                      inputs (or where they lie) and labels,
 *                                     train and test
 *     metrics.jsonl                   a row per evaluation
 *     checkpoints/step-NNNNNNNN.onnx  the model after N updates
 *     optimizer/step-NNNNNNNN.onnx    the optimizer's state there, if it has any
 *     summary.json                    how it ended
 *
 * @module
 */

import { join } from "node:path";
import { type Config, definitionsOf } from "../config/config.ts";
import type { Examples, Split } from "../data/dataset.ts";
import type { Metrics } from "../metrics/mod.ts";
import { UsageError } from "../errors.ts";
import {
  describing,
  isPartial,
  onDisk,
  removePartial,
  writeWhole,
} from "../files.ts";
import {
  CHECKPOINT,
  checkpointPath,
  FILES,
  ignoreMissing,
  list,
  optimizerPath,
  readManifest,
  stepFile,
} from "./_layout.ts";
import type { Manifest } from "./manifest.ts";

export { checkpointPath } from "./_layout.ts";

/** A row of metrics.jsonl. NaN is written as null. */
export interface MetricsRow extends Metrics {
  /** Updates made before this evaluation. */
  readonly step: number;
  /** Mean milliseconds a step, of the steps run together with this one. */
  readonly ms_per_step: number;
}

/** What is known of a run before its first step. */
export interface RunContents {
  /** What is trained. */
  readonly config: Config;
  /** What it is made with. */
  readonly manifest: Manifest;
  /** The data. */
  readonly split: Split;
}

const json = (value: unknown) => JSON.stringify(value, null, 2) + "\n";

// Inputs out of a file are not written again: where they lie is enough to find
// them, and to see whether they are still the same.
const splitText = (split: Split) =>
  JSON.stringify(
    split,
    function (this: Partial<Examples>, key, value) {
      return key === "inputs" && this.source ? undefined : value;
    },
  ) + "\n";

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
   * @throws {UsageError} if the folder holds something.
   * @throws {FileError} if it cannot be written.
   */
  static async create(
    path: string,
    contents: RunContents,
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
      await writeWhole(join(path, FILES.split), splitText(split));
      await writeWhole(join(path, FILES.metrics), "");
    });
    return new RunWriter(path);
  }

  /**
   * Goes on with a run: what lies behind a step, and what a kill left in the
   * middle, is removed.
   *
   * @param path The run's folder.
   * @param contents What is known before the first step that is to be made.
   * @param from Which checkpoints stay, and how many bytes of the metrics.
   * @throws {FileError} if it cannot be written.
   */
  static async reopen(
    path: string,
    contents: RunContents,
    from: { keeps(step: number): boolean; readonly bytes: number },
  ): Promise<RunWriter> {
    const { config, manifest, split } = contents;
    await describing(`resume the run ${path}`, async () => {
      await writeWhole(join(path, FILES.config), json(config));
      await writeWhole(join(path, FILES.manifest), json(manifest));
      await writeWhole(join(path, FILES.split), splitText(split));
      await Deno.remove(join(path, FILES.summary)).catch(ignoreMissing);
      await truncate(join(path, FILES.metrics), from.bytes);
      for (const folder of ["", FILES.checkpoints, FILES.optimizer]) {
        await removePartial(join(path, folder));
        for (const name of await list(join(path, folder)) ?? []) {
          const step = CHECKPOINT.exec(name)?.[1];
          if (step === undefined || from.keeps(Number(step))) continue;
          await Deno.remove(join(path, folder, name));
        }
      }
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
    // No checkpoint without the metrics before it, not even after a power cut.
    await onDisk(join(this.path, FILES.metrics));
    const path = checkpointPath(this.path, step);
    await writeWhole(path, model);
    if (optimizer) await writeWhole(optimizerPath(this.path, step), optimizer);
    return path;
  }

  /** Removes a checkpoint that a later one replaces. */
  async removeCheckpoint(step: number): Promise<void> {
    for (const folder of [FILES.checkpoints, FILES.optimizer]) {
      await Deno.remove(join(this.path, folder, stepFile(step)))
        .catch(ignoreMissing);
    }
  }

  /** Writes how the run ended. */
  writeSummary(summary: unknown): Promise<void> {
    return writeWhole(join(this.path, FILES.summary), json(summary));
  }
}

/**
 * Keeps other processes from going on with a run, until this one ends, be it by
 * a kill, or gives the lock back.
 *
 * @param path The run's folder.
 * @returns What gives it back.
 * @throws {UsageError} if another process has it.
 */
export async function lockRun(path: string): Promise<Disposable> {
  const file = await describing(
    `lock the run ${path}`,
    () => Deno.open(join(path, FILES.metrics), { write: true, create: true }),
  );
  // Some network file systems have no locks; there nobody is kept away.
  if (await file.tryLock(true).catch(() => true)) return file;
  file.close();
  throw new UsageError(
    `Cannot train in ${path}: another process is training this run; wait for ` +
      "it, or stop it first",
  );
}

// Cuts a file off; where there is none it is made.
async function truncate(path: string, bytes: number): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true });
  await file.truncate(bytes);
}

/**
 * Checks that a run can be started in a folder, changing nothing.
 *
 * @throws {UsageError} if it holds a run and `overwrite` is not set, or holds
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
  // What a start has left that was cut off at its first file is nobody's.
  if (!entries || entries.every(isPartial)) return;
  const isRun = await readManifest(path).then(() => true, () => false);
  if (isRun && overwrite) return;
  throw new UsageError(
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
      if (!CHECKPOINT.test(name)) continue;
      await Deno.remove(join(path, folder, name));
    }
  }
  for (const folder of ["", checkpoints, optimizer]) {
    await removePartial(join(path, folder));
  }
  for (const name of [...Object.values(files), manifest]) {
    await Deno.remove(join(path, name)).catch(ignoreMissing);
  }
}

/**
 * Makes a new folder for a run that was given none: `runs/` and the time.
 *
 * @param config Named after its task, model and seed.
 * @throws {FileError} if it cannot be made.
 */
export async function newRunPath(config: Config): Promise<string> {
  const { task, modulus, model, seed } = config;
  const { settings } = definitionsOf(config).task;
  const time = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
  const what = "modulus" in settings ? `${task}${modulus}` : task;
  const path = join("runs", `${time}-${what}-${model}-seed${seed}`);
  return await describing(`start a run in ${path}`, async () => {
    await Deno.mkdir("runs", { recursive: true });
    for (let n = 1;; n++) {
      const candidate = n === 1 ? path : `${path}-${n}`;
      try {
        // Who makes the folder has it: a run started in the same second, from
        // another terminal, takes the next number.
        await Deno.mkdir(candidate);
        return candidate;
      } catch (error) {
        if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      }
    }
  });
}
