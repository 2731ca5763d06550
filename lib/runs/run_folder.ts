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
 *     extensions/SUM/…                the extensions with which it was made, if any
 *     summary.json                    how it ended
 *     labels.json                     its name, tags and note, if it has any
 *     SHA256SUMS                      the sums of these files, of metrics.jsonl
 *                                     once it has ended
 *     lock                            which process trains it, while one does
 *
 * @module
 */

import { join } from "node:path";
import type { Config } from "../config/config.ts";
import type { Examples, Split } from "../data/dataset.ts";
import { copyPath } from "../extensions/modules.ts";
import { extensionsInUse } from "../extensions/use.ts";
import type { Metrics } from "../metrics/mod.ts";
import { describing, FileError, onDisk, removePartial } from "../base/files.ts";
import {
  CHECKPOINT,
  checkpointPath,
  FILES,
  ignoreMissing,
  list,
  stepFile,
} from "./layout.ts";
import type { Manifest } from "./manifest.ts";
import { checkFree, removeRun } from "./new_folder.ts";
import { filesOfStep, RowsHash, RunSums } from "./run_sums.ts";

export { checkpointPath } from "./layout.ts";

/** A row of metrics.jsonl. NaN is written as null. */
// No interface: an optional metric is none of those that an index gives, which
// projects see that do not tell a key that is absent from one that is undefined.
export type MetricsRow = Metrics & {
  /** Updates made before this evaluation. */
  readonly step: number;
  /** Mean milliseconds a step, of the steps run together with this one. */
  readonly ms_per_step: number;
};

/** What is known of a run before its first step. */
export interface RunContents {
  /** What is trained. */
  readonly config: Config;
  /** What it is made with. */
  readonly manifest: Manifest;
  /** The data. */
  readonly split: Split;
}

/** A value as a run's files have it. */
export const jsonText = (value: unknown): string =>
  JSON.stringify(value, null, 2) + "\n";

// Inputs out of a file are not written again: where they lie is enough to find
// them, and to see whether they are still the same.
/** A split as a run's files have it. */
export const splitText = (split: Split): string =>
  JSON.stringify(
    split,
    function (this: Partial<Examples>, key, value) {
      return key === "inputs" && this.source ? undefined : value;
    },
  ) + "\n";

// The files of the extensions in use, by their places in the run's folder.
function copies(): Record<string, Uint8Array> {
  return Object.fromEntries(
    extensionsInUse.flatMap(({ files }) =>
      [...files.files].map(([name, bytes]) => [copyPath(files, name), bytes])
    ),
  );
}

/** A run being written; who writes it has its lock. */
export class RunWriter {
  /** The run's folder. */
  readonly path: string;
  readonly #sums: RunSums;
  readonly #rows: RowsHash;
  // Which folder that is, wherever it is moved.
  readonly #folder: Deno.FileInfo;

  private constructor(
    path: string,
    sums: RunSums,
    rows: RowsHash,
    folder: Deno.FileInfo,
  ) {
    this.path = path;
    this.#sums = sums;
    this.#rows = rows;
    this.#folder = folder;
  }

  // Who has the lock of a folder has it where the folder was: what lies there
  // since is another's.
  async #checkPlace(): Promise<void> {
    const { ino, dev } = this.#folder;
    const there = await Deno.stat(this.path).catch(ignoreMissing);
    if (there?.ino === ino && there?.dev === dev) return;
    throw new FileError(
      `Cannot write into the run ${this.path}: its folder was moved, removed ` +
        "or replaced while it was trained; what was written until then lies " +
        "where it was moved to, and --resume goes on with it there",
    );
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
    const sums = RunSums.empty(path);
    await describing(`start a run in ${path}`, async () => {
      await Deno.mkdir(path, { recursive: true });
      await removeRun(path);
      await sums.write({
        [FILES.config]: jsonText(config),
        [FILES.split]: splitText(split),
        ...copies(),
      }, {
        // First: it is what makes a folder a run.
        manifest: jsonText(manifest),
        rows: "",
      });
    });
    return new RunWriter(path, sums, new RowsHash(), await Deno.stat(path));
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
    const metrics = join(path, FILES.metrics);
    return await describing(`resume the run ${path}`, async () => {
      const sums = await RunSums.of(path);
      sums.keep(from.keeps);
      sums.forget(FILES.summary, FILES.metrics);
      await sums.write({
        [FILES.config]: jsonText(config),
        [FILES.manifest]: jsonText(manifest),
        [FILES.split]: splitText(split),
        ...copies(),
      });
      await Deno.remove(join(path, FILES.summary)).catch(ignoreMissing);
      await truncate(metrics, from.bytes);
      for (const folder of ["", FILES.checkpoints, FILES.optimizer]) {
        await removePartial(join(path, folder));
        for (const name of await list(join(path, folder)) ?? []) {
          const step = CHECKPOINT.exec(name)?.[1];
          if (step === undefined || from.keeps(Number(step))) continue;
          await Deno.remove(join(path, folder, name));
        }
      }
      await sums.save(); // of what was replaced, only the new
      const rows = new RowsHash(await Deno.readFile(metrics));
      return new RunWriter(path, sums, rows, await Deno.stat(path));
    });
  }

  /** Adds rows to metrics.jsonl. */
  appendMetrics(rows: readonly MetricsRow[]): Promise<void> {
    if (rows.length === 0) return Promise.resolve();
    const path = join(this.path, FILES.metrics);
    const lines = rows.map((row) => ({
      step: row.step,
      line: JSON.stringify(row) + "\n",
    }));
    return describing(`write ${path}`, async () => {
      await this.#checkPlace();
      const text = lines.map(({ line }) => line).join("");
      await Deno.writeTextFile(path, text, { append: true });
      this.#rows.add(lines);
    });
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
    await this.#checkPlace();
    this.#sums.noteRows(step, this.#rows.beforeStep(step));
    const [checkpoint, state] = filesOfStep(step);
    await this.#sums.write({
      [checkpoint]: model,
      ...(optimizer && { [state]: optimizer }),
    }, {
      // No checkpoint without the metrics before it, not even after a power cut.
      ready: onDisk(join(this.path, FILES.metrics)),
    });
    return checkpointPath(this.path, step);
  }

  /** Removes a checkpoint that a later one replaces. */
  async removeCheckpoint(step: number): Promise<void> {
    await this.#checkPlace();
    // One that was never written, or is gone already.
    if (!this.#sums.forgetStep(step)) return;
    await this.#sums.save();
    for (const folder of [FILES.checkpoints, FILES.optimizer]) {
      await Deno.remove(join(this.path, folder, stepFile(step)))
        .catch(ignoreMissing);
    }
  }

  /** Writes how the run ended. */
  async writeSummary(summary: unknown): Promise<void> {
    await this.#checkPlace();
    this.#sums.note(FILES.metrics, this.#rows.whole.sum);
    await this.#sums.write({ [FILES.summary]: jsonText(summary) });
  }
}

// Cuts a file off; where there is none it is made.
async function truncate(path: string, bytes: number): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true });
  await file.truncate(bytes);
}
