/**
 * Going on with runs that were stopped.
 *
 * @module
 */

import {
  modelState,
  modelTensors,
  prefixed,
  under,
} from "../../models/buffers.ts";
import { UsageError } from "../base/errors.ts";
import { FileError } from "../base/files.ts";
import { taskLine } from "../base/shell.ts";
import { regular } from "../base/sums.ts";
import {
  type Config,
  configKeys,
  flagOf,
  resolveConfig,
} from "../config/config.ts";
import { configAt, firstStep } from "../config/switches.ts";
import { withConfig } from "../engine/carry_over.ts";
import type { Snapshot } from "../engine/engine.ts";
import { notFinite, tensorText } from "../engine/finite.ts";
import { initialState } from "../engine/state.ts";
import type { Experiment } from "../experiment/experiment.ts";
import { differences, withSitting } from "../runs/manifest.ts";
import type { TrainResult } from "../runs/result.ts";
import {
  checkpointPath,
  type RunContents,
  RunWriter,
} from "../runs/run_folder.ts";
import {
  type Interrupted,
  readInterrupted,
  splitDamage,
} from "../runs/saved_state.ts";
import { savedState, savedSteps, type WholeRows } from "../runs/states.ts";
import { resumableKeys } from "../settings/run.ts";
import { misfit } from "./from_checkpoint.ts";
import { DivergedError, divergedText, type TrainOptions } from "./options.ts";
import { isKept } from "./recorder.ts";

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
    !resumableKeys.includes(key) && !same(config[key], wanted[key])
  );
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
  return { ...found, config };
}

const same = (a: unknown, b: unknown) =>
  JSON.stringify(a) === JSON.stringify(b);

// Whether an update before the last depends on how many there will be.
function knowsItsLength(config: Config): boolean {
  const parts = [firstStep(config), ...config.switches.map(({ at }) => at)];
  return parts.some((step) => configAt(config, step).schedule === "cosine");
}

/** The last whole state of a run, and the metrics before it. */
export interface LastState extends Snapshot, WholeRows {}

/** A state that cannot be gone on with. */
export interface Unfit {
  /** Its step. */
  readonly step: number;
  /** Why. */
  readonly why: string;
  /** Whether its checkpoint is not there, though the run's sums name it. */
  readonly gone?: boolean;
}

/**
 * The state that a training goes on from: the last that is whole.
 *
 * @param run The run's folder.
 * @param experiment Its experiment.
 * @param unfit Gets the states behind it, which are not.
 * @param steps Which states to look at, last first; by default all.
 * @returns Undefined where none is whole.
 * @throws {FileError} if a checkpoint has other tensors than the experiment, or
 * was trained with another config.
 * @throws {DivergedError} if the last whole state is not finite.
 */
export async function lastState(
  run: string,
  experiment: Experiment,
  unfit: Unfit[],
  steps?: readonly number[],
): Promise<LastState | undefined> {
  const { config } = experiment;
  for (const step of steps ?? await savedSteps(run)) {
    const saved = await savedState(run, config, step);
    if (typeof saved === "string") {
      const gone = !await regular(checkpointPath(run, step));
      unfit.push({ step, why: saved, gone });
      continue;
    }
    const { params, optimizer, trained, rows, bytes } = saved;
    const own = withConfig(experiment, configAt(config, step));
    checkTrained(run, step, own.config, trained);
    const wanted = await initialState(own, config.runtime);
    const problem = misfit(params, modelTensors(wanted));
    if (problem !== undefined) {
      throw new FileError(
        `Cannot resume ${run}: the checkpoint of step ${step} does not fit ` +
          `its config: ${problem}`,
      );
    }
    const lack = misfit(optimizer, under(wanted, "optimizer."));
    if (lack !== undefined) {
      unfit.push({ step, why: `of the optimizer's state ${lack}` });
      continue;
    }
    const found = {
      ...modelState(own, params),
      ...prefixed("optimizer.", optimizer),
    };
    const paths = Object.keys(wanted);
    const state = Object.fromEntries(paths.map((path) => [path, found[path]!]));
    const broken = notFinite(state);
    if (broken !== undefined) {
      // Of before this was looked at: since then none is written.
      throw new DivergedError(
        `Cannot resume ${run}: ${tensorText(broken)} of step ${step} is not ` +
          "finite; start a new run from an earlier checkpoint with " +
          `--from ${run} --step N`,
      );
    }
    return { step, state, rows, bytes };
  }
  return undefined;
}

// Checkpoints carry the config that they were trained with.
function checkTrained(
  run: string,
  step: number,
  config: Config,
  carried: unknown,
): void {
  let trained: Config;
  try {
    trained = resolveConfig(carried);
  } catch {
    return; // An older version's; what has changed since, its key says.
  }
  const other = configKeys.find((key) =>
    key === "steps"
      ? trained.steps > config.steps
      : !resumableKeys.includes(key) && !same(config[key], trained[key])
  );
  if (other === undefined) return;
  throw new FileError(
    `Cannot resume ${run}: its config.json says ${other} ` +
      `${JSON.stringify(config[other])}, the checkpoint of step ${step} was ` +
      `trained with ${
        JSON.stringify(trained[other])
      }; put it back, and start ` +
      `a new run with changes with ${taskLine("train", "--from", run)}`,
  );
}

/**
 * What of a run is damaged and is made again, in words.
 *
 * @param old The run.
 * @param run Its folder.
 * @param experiment What its config makes.
 * @throws {FileError} if its split.json is damaged and nothing shows that the
 * config makes the same, or is another.
 */
export async function damagesOf(
  { damages }: Interrupted,
  run: string,
  { split }: Experiment,
): Promise<string[]> {
  const damage = await splitDamage(run, split);
  if (damage === undefined) return [...damages];
  // Of a run that had ended it is known already that it is damaged.
  return [...damages.filter((known) => !damage.startsWith(known)), damage];
}

/**
 * Tells of what was damaged, and what becomes of it.
 *
 * @param run The run's folder.
 * @param damages What of it is made again.
 * @param unfit States that cannot be gone on with.
 * @param step The step that it goes on from; undefined where it begins again.
 * @param first The first step of the run.
 * @param options Who is told.
 * @throws {FileError} if training would be lost that a copy could bring back.
 */
export function tellDamages(
  run: string,
  { damages, unfit, step, first }: {
    readonly damages: readonly string[];
    readonly unfit: readonly Unfit[];
    readonly step: number | undefined;
    readonly first: number;
  },
  { onWarning }: TrainOptions,
): void {
  for (const damage of damages) onWarning?.(damage);
  const there = unfit.filter(({ gone }) => !gone);
  const gone = unfit.filter(({ gone }) => gone).map(({ step }) => step);
  const states = there.map(({ step, why }) => `of step ${step}: ${why}`);
  if (gone.length > 0) {
    states.push(
      gone.length === 1
        ? `the checkpoint of step ${gone[0]} is not there`
        : `${gone.length} checkpoints until step ${gone[0]} are not there`,
    );
  }
  if (step === undefined && there.some(({ step }) => step > first)) {
    throw new FileError(
      `Cannot resume ${run}: none of its states is whole: ` +
        `${states.join("; ")}; put the files back from a copy, or begin it ` +
        "again in another folder",
    );
  }
  if (unfit.length === 0) return;
  onWarning?.(
    `${run} goes on from step ${step ?? first}, since no later state is ` +
      `whole: ${states.join("; ")}`,
  );
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
 * @throws {DivergedError} if its loss or state was not finite.
 */
export function endOf(old: Interrupted, run: string): TrainResult {
  const result = resultOf(old, run);
  if (typeof result.diverged_at !== "number") return result;
  throw new DivergedError(divergedText(result));
}
