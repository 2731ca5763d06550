/**
 * The states that runs are gone on with from, and what of runs is damaged.
 *
 * @module
 */

import { type HostState, modelTensors, under } from "../../models/buffers.ts";
import { FileError } from "../base/files.ts";
import { taskLine } from "../base/shell.ts";
import { DamagedError, regular } from "../base/sums.ts";
import { type Config, resolveConfig } from "../config/config.ts";
import { firstStep } from "../config/switches.ts";
import type { BandSnapshot } from "../engine/engine.ts";
import { notFinite, tensorText } from "../engine/finite.ts";
import { hostStateOf, initialState } from "../engine/state.ts";
import { inForceAt } from "../engine/transfer.ts";
import type { Experiment } from "../experiment/experiment.ts";
import { checkpointPath } from "../runs/run_folder.ts";
import { splitDamage } from "../runs/saved_state.ts";
import { savedState, savedSteps, type WholeRows } from "../runs/states.ts";
import { DivergedError } from "./diverged.ts";
import { misfit } from "./from_checkpoint.ts";
import type { TrainOptions } from "./options.ts";
import { hasDiverged, otherKey, type Resumable } from "./resume.ts";

/** The last state that some runs have in common. */
export interface LastStates extends BandSnapshot {
  /** The metrics of each before it; undefined for one that diverged. */
  readonly rows: readonly (WholeRows | undefined)[];
}

// A state that can be gone on with, and the metrics before it.
interface Fit extends WholeRows {
  readonly state: HostState;
}

// A state that cannot be.
interface Unfit {
  readonly step: number;
  readonly why: string;
  /** Whether its checkpoint is not there, though the run's sums name it. */
  readonly gone?: boolean;
}

/**
 * The state that runs go on from: the last that is whole in all. Tells of what of
 * them is damaged, and what becomes of it.
 *
 * @param old The runs.
 * @param experiments Their experiments.
 * @param options Who is told.
 * @returns Undefined where there is none.
 * @throws {FileError} if a checkpoint has other tensors than the experiment, or
 * was trained with another config; if training would be lost that a copy could bring
 * back; or if a split.json is damaged and nothing shows that the config makes the
 * same, or is another.
 * @throws {DivergedError} if the last whole state is not finite.
 */
export async function lastStates(
  old: readonly Resumable[],
  experiments: readonly Experiment[],
  { onWarning }: TrainOptions,
): Promise<LastStates | undefined> {
  const unfit: Unfit[][] = old.map(() => []);
  const last = await lastWhole(old, experiments, unfit);
  for (const [r, run] of old.entries()) {
    const damages = await damagesOf(run, experiments[r]!);
    for (const damage of damages) onWarning?.(damage);
    const text = unfitText(run, unfit[r]!, last?.step);
    if (text !== undefined) onWarning?.(text);
  }
  return last;
}

// The last state that is whole in all; `unfit` gets those behind it, by the run.
async function lastWhole(
  old: readonly Resumable[],
  experiments: readonly Experiment[],
  unfit: readonly Unfit[][],
): Promise<LastStates | undefined> {
  const live = old.filter((run) => !hasDiverged(run));
  const saved = await Promise.all(live.map(({ run }) => savedSteps(run)));
  const common = saved[0]!.filter((step) =>
    saved.every((steps) => steps.includes(step))
  );
  for (const step of common) {
    const rows: (WholeRows | undefined)[] = [];
    const states: HostState[] = [];
    for (const [r, experiment] of experiments.entries()) {
      const own = inForceAt(experiment, step);
      if (hasDiverged(old[r]!)) {
        // It keeps its place among the others, so that these are computed as
        // they were; what it computes means nothing.
        states.push(await initialState(own, own.config.runtime));
        rows.push(undefined);
        continue;
      }
      const found = await stateAt(old[r]!.run, step, experiment.config, own);
      if ("why" in found) {
        unfit[r]!.push(found);
        break;
      }
      states.push(found.state);
      rows.push(found);
    }
    if (rows.length === experiments.length) return { step, states, rows };
  }
}

// The state of a run at a step, or why it cannot be gone on with.
async function stateAt(
  run: string,
  step: number,
  config: Config,
  own: Experiment,
): Promise<Fit | Unfit> {
  const saved = await savedState(run, config, step);
  if (typeof saved === "string") {
    const gone = !await regular(checkpointPath(run, step));
    return { step, why: saved, gone };
  }
  const { params, optimizer, trained, rows, bytes } = saved;
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
    return { step, why: `of the optimizer's state ${lack}` };
  }
  const found = hostStateOf(own, params, optimizer);
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
  return { state, rows, bytes };
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
  const other = otherKey(config, trained, config.steps);
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

// What of a run is damaged and is made again.
async function damagesOf(
  { run, damages }: Resumable,
  { split }: Experiment,
): Promise<readonly string[]> {
  const damage = await splitDamage(run, split);
  if (damage === undefined) return damages;
  // Of a run that had ended it is known already that it is damaged.
  return [...damages.filter((known) => !damage.startsWith(known)), damage];
}

// What is said of a run's states that are not whole.
function unfitText(
  { run, config }: Resumable,
  unfit: readonly Unfit[],
  step: number | undefined,
): string | undefined {
  if (unfit.length === 0) return undefined;
  const first = firstStep(config);
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
    throw new DamagedError(
      `Cannot resume ${run}: none of its states is whole: ` +
        `${states.join("; ")}; put the files back from a copy, or begin it ` +
        "again in another folder",
    );
  }
  return `${run} goes on from step ${step ?? first}, since no later state is ` +
    `whole: ${states.join("; ")}`;
}
