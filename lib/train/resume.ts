/**
 * Going on with runs that were stopped.
 *
 * @module
 */

import { UsageError } from "../base/errors.ts";
import { taskLine } from "../base/shell.ts";
import { DamagedError, regular } from "../base/sums.ts";
import { type Config, configKeys, flagOf } from "../config/config.ts";
import { configAt, firstStep } from "../config/switches.ts";
import { differences, withSitting } from "../runs/manifest.ts";
import type { TrainResult } from "../runs/result.ts";
import {
  checkpointPath,
  type RunContents,
  RunWriter,
} from "../runs/run_folder.ts";
import { type Interrupted, readInterrupted } from "../runs/saved_state.ts";
import { resumableKeys } from "../settings/run.ts";
import { divergedError } from "./diverged.ts";
import type { TrainOptions } from "./options.ts";
import { isKept } from "./recorder.ts";

/** A run that is there, and was made with a config. */
export interface Resumable extends Interrupted {
  /** Its folder. */
  readonly run: string;
  /** The config. */
  readonly config: Config;
}

/**
 * The run in a folder, if it is one that a training can go on with.
 *
 * @param run The folder.
 * @param wanted What to train.
 * @returns Undefined where there is nothing that was begun.
 * @throws {UsageError} if the run was made with another config, `steps` and
 * where it is computed apart, or for more steps.
 */
export async function resumable(
  run: string,
  wanted: Config,
): Promise<Resumable | undefined> {
  const found = await readInterrupted(run);
  if (!found?.config) return undefined;
  const { config } = found;
  const other = otherKey(config, wanted);
  const from = taskLine("train", "--from", run);
  if (other !== undefined) {
    throw new UsageError(
      `Cannot resume ${run} with ${flagOf(other)} ` +
        `${JSON.stringify(wanted[other])}: it was begun with ` +
        `${JSON.stringify(config[other])}; a new run with changes starts ` +
        `from it with ${from}`,
    );
  }
  if (wanted.steps < config.steps) {
    throw new UsageError(
      `Cannot resume ${run} with --steps ${wanted.steps}: it was begun with ` +
        `${config.steps}, and may only be given more`,
    );
  }
  if (wanted.steps > config.steps && knowsItsLength(config)) {
    throw new UsageError(
      `Cannot resume ${run} with --steps ${wanted.steps}: its learning rate ` +
        `falls with the cosine until step ${config.steps}, and one that falls ` +
        `until ${wanted.steps} has been another from the first step on; a new ` +
        `run with a schedule of its own starts from it with ${from}`,
    );
  }
  return { ...found, run, config };
}

/**
 * The first key in which a run may not differ from one that it goes on with.
 *
 * @param a The run's config.
 * @param b The other.
 * @param most How many steps the other may have.
 */
export function otherKey(
  a: Config,
  b: Config,
  most = Infinity,
): keyof Config | undefined {
  const same = (key: keyof Config) =>
    JSON.stringify(a[key]) === JSON.stringify(b[key]);
  return configKeys.find((key) =>
    key === "steps"
      ? b.steps > most
      : !resumableKeys.includes(key) && !same(key)
  );
}

// Whether an update before the last depends on how many there will be.
function knowsItsLength(config: Config): boolean {
  const parts = [firstStep(config), ...config.switches.map(({ at }) => at)];
  return parts.some((step) => configAt(config, step).schedule === "cosine");
}

/**
 * Makes the folder of a run ready to be gone on with.
 *
 * @param contents What it is gone on with.
 * @param old What was there.
 * @param last The step to go on from, if its state was whole, and how many bytes the
 * metrics before it are.
 * @param options Who is told of what may make the bytes differ.
 */
export function reopen(
  contents: RunContents,
  old: Resumable,
  last: { readonly step: number | undefined; readonly bytes: number },
  { onWarning }: TrainOptions,
): Promise<RunWriter> {
  const { config, manifest: now } = contents;
  const changed = differences(old.manifest, now);
  if (changed.length > 0) {
    onWarning?.(
      `${old.run} goes on with ${changed.join(", ")}: its numbers may differ ` +
        "from those of an uninterrupted run",
    );
  }
  const step = last.step ?? firstStep(config);
  const manifest = withSitting(old.manifest, now, step);
  return RunWriter.reopen(old.run, { ...contents, manifest }, {
    bytes: last.bytes,
    keeps: (other) =>
      last.step !== undefined &&
      (other === step || (other < step && isKept(config, other))),
  });
}

/** What a run's summary says, in the folder where it lies now. */
export function resultOf({ run, summary }: Resumable): TrainResult {
  const result = summary as TrainResult;
  return { ...result, run, checkpoint: checkpointPath(run, result.steps) };
}

/**
 * Checks that the last checkpoints of runs that are over are there: who is told how
 * they ended is told of these.
 *
 * @throws {DamagedError} if one is not.
 * @throws {FileError} if one is no file.
 */
export async function checkKept(old: readonly Resumable[]): Promise<void> {
  for (const { run, checkpoint } of old.map(resultOf)) {
    if (await regular(checkpoint)) continue;
    throw new DamagedError(
      `Cannot resume ${run}: it is over, but its checkpoint ${checkpoint} is ` +
        `not there; train it again with ${
          taskLine("train", "--run", run, "--overwrite")
        }`,
    );
  }
}

/** Whether the loss or state of a run was not finite in a sitting before. */
export const hasDiverged = ({ summary }: Resumable): boolean =>
  typeof summary?.diverged_at === "number";

/**
 * How runs that are over ended.
 *
 * @param old The runs.
 * @param band Whether they are replicas.
 * @throws {DivergedError} if the loss or state of any was not finite.
 */
export function endOf(old: readonly Resumable[], band: boolean): TrainResult[] {
  const dead = old.filter(hasDiverged).map(resultOf);
  const whole = old.filter((run) => !hasDiverged(run)).map(resultOf);
  if (dead.length === 0) return whole;
  throw divergedError(dead, whole, band);
}
