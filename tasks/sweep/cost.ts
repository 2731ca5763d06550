/**
 * What `deno task sweep plan` shows while it tries what runs cost.
 *
 * @module
 */

import { exit } from "../shared/exit.ts";
import { type SweepCost, sweepCost } from "../../lib/sweeps/cost.ts";
import type { Planned } from "../../lib/sweeps/plan.ts";
import { jobsAt } from "../../lib/sweeps/place.ts";
import { EXIT } from "../shared/cli.ts";
import { withSignals } from "../shared/signals.ts";

/**
 * What a plan will cost.
 *
 * @param planned The plan, which is written.
 * @param jobs How many runs go side by side; undefined for as many as usual.
 * @returns The cost, null where the trial was stopped.
 */
export async function costOf(
  planned: Planned,
  jobs = jobsAt(planned.sweep.place),
): Promise<{ cost: SweepCost | null; stopped: boolean }> {
  return await withSignals(async (signal) => {
    const cost = await sweepCost(planned, {
      jobs,
      program: "sweep.ts",
      signal,
    });
    const stopped = signal.aborted;
    return { cost: stopped ? null : cost, stopped };
  }, () => exit(EXIT.interrupted));
}
