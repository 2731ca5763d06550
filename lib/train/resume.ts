/**
 * Going on with runs that were stopped.
 *
 * @module
 */

import { type Config, configKeys, flagOf } from "../config/config.ts";
import { configAt, firstStep } from "../config/course.ts";
import { resumableKeys } from "../config/core.ts";
import { UsageError } from "../errors.ts";
import { FileError } from "../files.ts";
import { differences, withSitting } from "../runs/manifest.ts";
import {
  type Interrupted,
  readInterrupted,
  savedState,
  savedSteps,
  type WholeRows,
} from "../runs/resume.ts";
import {
  checkpointPath,
  type RunContents,
  RunWriter,
} from "../runs/run_folder.ts";
import { modelState, modelTensors, prefixed, under } from "./buffers.ts";
import { withConfig } from "./carry.ts";
import type { Snapshot } from "./engine.ts";
import type { Experiment } from "./experiment.ts";
import { initialState } from "./onnx_engine.ts";
import { isKept, type TrainResult } from "./recorder.ts";
import { misfit } from "./start.ts";
import { DivergedError, divergedText, type TrainOptions } from "./training.ts";

/** A run that is there, and was made with a config. */
export type Resumable = Interrupted & { readonly config: Config };

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
  const other = configKeys.find((key) =>
    !resumableKeys.includes(key) &&
    JSON.stringify(config[key]) !== JSON.stringify(wanted[key])
  );
  if (other !== undefined) {
    throw new UsageError(
      `Cannot resume ${run} with ${flagOf(other)} ` +
        `${JSON.stringify(wanted[other])}: it was begun with ` +
        `${JSON.stringify(config[other])}; a new run with changes starts ` +
        `from it with --from ${run}`,
    );
  }
  if (wanted.steps < config.steps) {
    throw new UsageError(
      `Cannot resume ${run} with --steps ${wanted.steps}: it was begun with ` +
        `${config.steps}, and may only be given more`,
    );
  }
  return { ...found, config };
}

/** The last whole state of a run, and the metrics before it. */
export interface LastState extends Snapshot, WholeRows {}

/**
 * The state that a training goes on from: the last that is whole.
 *
 * @param run The run's folder.
 * @param experiment Its experiment.
 * @param steps Which states to look at, last first; by default all.
 * @returns Undefined where none is whole.
 * @throws {FileError} if a checkpoint has other tensors than the experiment.
 */
export async function lastState(
  run: string,
  experiment: Experiment,
  steps?: readonly number[],
): Promise<LastState | undefined> {
  const { config } = experiment;
  for (const step of steps ?? await savedSteps(run)) {
    const saved = await savedState(run, config, step);
    if (!saved) continue;
    const { params, optimizer, rows, bytes } = saved;
    const own = withConfig(experiment, configAt(config, step));
    const wanted = await initialState(own, config.runtime);
    const problem = misfit(params, modelTensors(wanted));
    if (problem !== undefined) {
      throw new FileError(
        `Cannot resume ${run}: the checkpoint of step ${step} does not fit ` +
          `its config: ${problem}`,
      );
    }
    if (misfit(optimizer, under(wanted, "optimizer."))) continue;
    const found = {
      ...modelState(own, params),
      ...prefixed("optimizer.", optimizer),
    };
    const paths = Object.keys(wanted);
    const state = Object.fromEntries(paths.map((path) => [path, found[path]!]));
    return { step, state, rows, bytes };
  }
  return undefined;
}

/**
 * Makes the folder of a run ready to be gone on with.
 *
 * @param path The folder.
 * @param contents What it is gone on with.
 * @param old What was there.
 * @param last The state to go on from, if one was whole.
 * @param options Who is told of what may make the bytes differ.
 */
export function reopen(
  path: string,
  contents: RunContents,
  old: Resumable,
  last: LastState | undefined,
  { onWarning }: TrainOptions,
): Promise<RunWriter> {
  const { config, manifest: now } = contents;
  const changed = differences(old.manifest, now);
  if (changed.length > 0) {
    onWarning?.(
      `${path} goes on with ${changed.join(", ")}: its numbers may differ ` +
        "from those of an uninterrupted run",
    );
  }
  const step = last?.step ?? firstStep(config);
  const manifest = withSitting(old.manifest, now, step);
  return RunWriter.reopen(path, { ...contents, manifest }, {
    bytes: last?.bytes ?? 0,
    keeps: (other) =>
      last !== undefined &&
      (other === step || (other < step && isKept(config, other))),
  });
}

/** What a run's summary says, in the folder where it lies now. */
export function resultOf({ summary }: Interrupted, run: string): TrainResult {
  const result = summary as TrainResult;
  return { ...result, run, checkpoint: checkpointPath(run, result.steps) };
}

/**
 * How a run that is over ended.
 *
 * @param old The run.
 * @param run Its folder.
 * @throws {DivergedError} if its loss was not finite.
 */
export function endOf(old: Interrupted, run: string): TrainResult {
  const result = resultOf(old, run);
  if (typeof result.diverged_at !== "number") return result;
  throw new DivergedError(divergedText(result));
}
