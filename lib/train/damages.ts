/**
 * What of runs that are gone on with is damaged, in words.
 *
 * @module
 */

import { FileError } from "../base/files.ts";
import { firstStep } from "../config/switches.ts";
import type { Experiment } from "../experiment/experiment.ts";
import { splitDamage } from "../runs/saved_state.ts";
import type { LastStates, Unfit } from "./last_states.ts";
import type { TrainOptions } from "./options.ts";
import type { Resumable } from "./resume.ts";

/**
 * Tells of what of runs was damaged, and what becomes of it.
 *
 * @param old The runs.
 * @param experiments What their configs make.
 * @param unfit States that cannot be gone on with, by the run.
 * @param last Where they go on from; undefined where they begin again.
 * @param options Who is told.
 * @throws {FileError} if training would be lost that a copy could bring back, or
 * a split.json is damaged and nothing shows that the config makes the same, or is
 * another.
 */
export async function tellDamages(
  old: readonly Resumable[],
  experiments: readonly Experiment[],
  unfit: readonly Unfit[][],
  last: LastStates | undefined,
  { onWarning }: TrainOptions,
): Promise<void> {
  for (const [r, run] of old.entries()) {
    const damages = await damagesOf(run, experiments[r]!);
    for (const damage of damages) onWarning?.(damage);
    const text = unfitText(run, unfit[r]!, last?.step);
    if (text !== undefined) onWarning?.(text);
  }
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
    throw new FileError(
      `Cannot resume ${run}: none of its states is whole: ` +
        `${states.join("; ")}; put the files back from a copy, or begin it ` +
        "again in another folder",
    );
  }
  return `${run} goes on from step ${step ?? first}, since no later state is ` +
    `whole: ${states.join("; ")}`;
}
