/**
 * Going on with several runs that were trained at once.
 *
 * @module
 */

import { dirname } from "node:path";
import type { HostState } from "../../../models/buffers.ts";
import { UsageError } from "../../base/errors.ts";
import type { Config } from "../../config/config.ts";
import { configAt, firstStep } from "../../config/switches.ts";
import { withConfig } from "../../engine/carry_over.ts";
import type { BandSnapshot } from "../../engine/engine.ts";
import { initialState } from "../../engine/state.ts";
import type { Experiment } from "../../experiment/experiment.ts";
import type { TrainResult } from "../../runs/result.ts";
import type { Interrupted } from "../../runs/saved_state.ts";
import { savedSteps } from "../../runs/states.ts";
import { startOf } from "../from_checkpoint.ts";
import {
  type LastState,
  lastState,
  resultOf,
  type Resumable,
  resumable,
  type Unfit,
} from "../resume.ts";
import { bandDiverged, failureText } from "./band_loop.ts";

/**
 * The runs in some folders, if a training can go on with them.
 *
 * @param folders The folders; undefined for new ones.
 * @param wanted What to train.
 * @returns Undefined where nothing was trained yet.
 * @throws {UsageError} if they are others, or not all are there.
 */
export async function resumableBand(
  folders: readonly string[] | undefined,
  wanted: readonly Config[],
): Promise<Resumable[] | undefined> {
  if (!folders) return undefined;
  const found: Resumable[] = [];
  let begun = false;
  for (const [r, folder] of folders.entries()) {
    const old = await resumable(folder, wanted[r]!);
    if (!old) continue;
    const { of } = old.manifest.replica ?? { of: 1 };
    if (of !== wanted.length) {
      throw new UsageError(
        `Cannot resume ${wanted.length} replicas in ${dirname(folder)}: ` +
          `it holds a band of ${of}`,
      );
    }
    begun ||= (await savedSteps(folder)).length > 0;
    found.push(old);
  }
  if (found.length === folders.length) return found;
  // The first state is written when all folders are there.
  if (!begun) return undefined;
  throw new UsageError(
    `Cannot resume ${folders.length} replicas in ${dirname(folders[0]!)}: ` +
      `only ${found.length} of their folders are there`,
  );
}

/**
 * How several runs that are over ended.
 *
 * @throws {DivergedError} if the loss or state of any was not finite.
 */
export function endOfBand(
  old: readonly Interrupted[],
  folders: readonly string[],
): TrainResult[] {
  const all = old.map((run, r) => resultOf(run, folders[r]!));
  const dead = all.filter(({ diverged_at }) => typeof diverged_at === "number");
  if (dead.length === 0) return all;
  const whole = all.filter((result) => !dead.includes(result));
  throw bandDiverged(dead.map(failureText), whole, all.length);
}

/** The last state that several runs have in common. */
export interface LastOfBand extends BandSnapshot {
  /** The state of each; undefined for one that diverged. */
  readonly runs: readonly (LastState | undefined)[];
}

/** States that cannot be gone on with, by the run. */
export type UnfitOfBand = readonly Unfit[][];

/**
 * The state that several runs go on from: the last that is whole in all.
 *
 * @param folders Their folders.
 * @param experiments Their experiments.
 * @param died Which of them diverged in a sitting before.
 * @param unfit Gets the states behind it which are not whole, by the run.
 * @returns Undefined where there is none.
 */
export async function lastOfBand(
  folders: readonly string[],
  experiments: readonly Experiment[],
  died: (replica: number) => boolean,
  unfit: UnfitOfBand,
): Promise<LastOfBand | undefined> {
  const live = [...folders.keys()].filter((r) => !died(r));
  const saved = await Promise.all(live.map((r) => savedSteps(folders[r]!)));
  const common = saved[0]!.filter((step) =>
    saved.every((steps) => steps.includes(step))
  );
  for (const step of common) {
    const runs: (LastState | undefined)[] = [];
    const states: HostState[] = [];
    for (const [r, experiment] of experiments.entries()) {
      if (died(r)) {
        // It keeps its place among the others, so that these are computed as
        // they were; what it computes means nothing.
        const { config } = experiment;
        const own = withConfig(experiment, configAt(config, step));
        states.push(await initialState(own, config.runtime));
        runs.push(undefined);
        continue;
      }
      const last = await lastState(folders[r]!, experiment, unfit[r]!, [step]);
      if (!last) break;
      states.push(last.state);
      runs.push(last);
    }
    if (runs.length === experiments.length) return { step, states, runs };
  }
  return undefined;
}

/** Where several runs start whose configs have a `from`. */
export async function startOfBand(
  experiments: readonly Experiment[],
): Promise<BandSnapshot | undefined> {
  const states: HostState[] = [];
  for (const experiment of experiments) {
    const start = await startOf(experiment);
    if (!start) return undefined;
    states.push(start.state);
  }
  return { step: firstStep(experiments[0]!.config), states };
}
