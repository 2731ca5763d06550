/**
 * What `deno task train --resume` goes on with.
 *
 * @module
 */

import { dirname, join } from "node:path";
import {
  type Config,
  type ConfigInput,
  resolveConfig,
} from "../config/config.ts";
import { UsageError } from "../base/errors.ts";
import { FileError } from "../base/files.ts";
import { notice } from "../base/notices.ts";
import { REPLICA, replicasIn } from "../runs/layout.ts";
import { taskLine } from "../base/shell.ts";
import { isLocked } from "../runs/lock.ts";
import { runsIn } from "../runs/read.ts";
import { isOver, readInterrupted } from "../runs/saved_state.ts";
import { savedSteps } from "../runs/states.ts";
import { brokenText } from "./diverged.ts";
import { checkArgument, pathCheck } from "../base/options.ts";

/** A training that can be gone on with. */
export interface ToResume {
  /** The run's folder, or the one in which the replicas lie. */
  readonly run: string;
  /** The config of the run, or of each replica. */
  readonly configs: readonly Config[];
  /** Whether they are replicas, for `trainBand()`; else for `train()`. */
  readonly band: boolean;
}

/**
 * Looks at what is to be gone on with: give its configs to `train()` or
 * `trainBand()`, with `{ run, resume: true }`.
 *
 * ```ts
 * import { toResume, train } from "@groklab/groklab";
 * import { assertEquals } from "@std/assert";
 *
 * const run = await Deno.makeTempDir();
 * await train({ modulus: 7, hidden: [16], steps: 10 }, { run });
 * const { configs: [config] } = await toResume(run, { steps: 20 }); // further
 * const { steps } = await train(config!, { run, resume: true });
 * assertEquals(steps, 20);
 * ```
 *
 * @param run A run folder, or one of replicas; by default the newest run in
 * `runs/` that was interrupted.
 * @param changes More steps, or another place to compute.
 * @throws {UsageError} if it is over, or was stopped before it had a config.
 * @throws {FileError} if there is no such run.
 */
export async function toResume(
  run?: string,
  changes: ConfigInput = {},
): Promise<ToResume> {
  if (run !== undefined) checkArgument("toResume()", "run", run, pathCheck);
  const path = run ?? await newestInterrupted();
  const names = await replicasIn(path);
  const folders = names.length === 0
    ? [path]
    : names.map((_, r) => join(path, `replica-${r}`));
  const configs: Config[] = [];
  const ends: string[] = [];
  for (const folder of folders) {
    const found = await readInterrupted(folder);
    if (!found) {
      throw new FileError(
        `Cannot resume ${folder}: it is no run folder of groklab's`,
      );
    }
    const of = found.manifest.replica?.of ?? 1;
    if (!found.config || (names.length > 0 && of !== names.length)) {
      const begun = await Promise.all(folders.map(savedSteps));
      if (begun.some((steps) => steps.length > 0)) {
        throw new UsageError(
          `Cannot resume ${path}: it was begun with ${of} replicas, and ` +
            `${names.length} of their folders are there; put the others back ` +
            "from a copy, or go on with one of them alone: " +
            taskLine("train", "--from", folder),
        );
      }
      throw new UsageError(
        `Cannot resume ${path}: it was stopped before its folders were ` +
          "written; start it again, with --overwrite",
      );
    }
    const config = resolveConfig({ ...found.config, ...changes });
    configs.push(config);
    const most = Math.max(config.steps, found.config.steps);
    if (!isOver(found.summary, most)) continue;
    const { steps, diverged_at, diverged_in } = found.summary!;
    ends.push(
      typeof diverged_at === "number"
        ? `${brokenText(diverged_in)} was not finite at step ${diverged_at}; ` +
          "start a new " +
          `run from one of its checkpoints with --from ${folder}`
        : `it is finished, with all its ${steps} steps; go further with ` +
          `--steps N, or start a new run from it with --from ${folder}`,
    );
  }
  if (ends.length === folders.length) {
    throw new UsageError(`Cannot resume ${path}: ${ends[0]}`);
  }
  return { run: path, configs, band: names.length > 0 };
}

/**
 * The newest run that is neither over nor being trained, of replicas the folder
 * in which they lie.
 *
 * @param folder Where runs lie.
 * @throws {FileError} if there is none.
 */
export async function newestInterrupted(folder = "runs"): Promise<string> {
  for (const path of await runsIn(folder)) {
    const found = await readInterrupted(path).catch((error) => {
      notice(`${path} is passed over: ${(error as Error).message}`);
    });
    if (!found?.config || isOver(found.summary, found.config.steps)) continue;
    if (await isLocked(path)) continue;
    return REPLICA.test(path) ? dirname(path) : path;
  }
  throw new FileError(
    `Cannot find an interrupted run in ${folder}/: name a run folder after ` +
      "--resume",
  );
}
