/**
 * What the runs of a plan will cost, on this machine.
 *
 * @module
 */

import {
  checkArgument,
  checkOptions,
  type Checks,
  object,
  signal as isSignal,
  text,
  whole,
} from "../base/options.ts";
import type { Config } from "../config/config.ts";
import { Costs } from "../train/threads/cost.ts";
import { Lane } from "../train/threads/lane.ts";
import { removeOld, tryKinds } from "../train/threads/trials.ts";
import type { Planned } from "./plan.ts";

// More kinds of runs than these are not tried: those of which there are most.
const MOST_TRIALS = 12;

// Milliseconds of a run beside its steps, one behind the other in a thread.
const AROUND_MS = 300;

/** How to try what runs cost. */
export interface CostOptions {
  /** How many runs go side by side. */
  readonly jobs: number;
  /** The program's name, for the manifests of trials. */
  readonly program?: string;
  /** Ends the trials. */
  readonly signal?: AbortSignal;
}

const COST: Checks<CostOptions> = {
  jobs: whole(1),
  program: text,
  signal: isSignal,
};

/** What runs will cost. */
export interface SweepCost {
  /** Milliseconds until all are made; null where no trial could be trained. */
  readonly ms: number | null;
  /** How many go side by side. */
  readonly jobs: number;
  /** How many runs there are to make. */
  readonly runs: number;
  /** How many kinds of runs there are, by what a step of them costs. */
  readonly kinds: number;
  /** Of how many kinds it is known what a step takes. */
  readonly known: number;
}

/**
 * What the runs to make of a plan will cost: each kind of run of which nothing is
 * known is trained for a moment in a folder that is removed again, at most twelve of
 * them; the others cost what those do that are like them.
 *
 * @param planned The plan.
 * @param options How many runs go side by side.
 * @throws {UsageError} if a thread cannot load an extension that is in use.
 */
export async function sweepCost(
  planned: Pick<Planned, "folder" | "kinds" | "known">,
  options: CostOptions,
): Promise<SweepCost> {
  checkArgument("sweepCost()", "planned", planned, object);
  checkOptions("sweepCost()", options, COST, ["jobs"]);
  const { folder, kinds, known } = planned;
  const { jobs, program = "sweep", signal } = options;
  const costs = new Costs(AROUND_MS);
  for (const [config, ms] of known) costs.learn(config, ms);
  await removeOld(folder);
  const isKnown = (config: Config) => costs.msPerStep(config) !== undefined;
  const tried = kinds.filter(({ config }) => !isKnown(config))
    .slice(0, MOST_TRIALS)
    .map(({ config }) => config);
  using threads = new DisposableStack();
  const lanes = Array.from(
    { length: Math.min(jobs, tried.length) },
    () => threads.use(new Lane(program)),
  );
  const stop = () => lanes.forEach((lane) => lane.stop());
  signal?.addEventListener("abort", stop);
  try {
    await tryKinds(lanes, tried, costs, folder, signal);
  } finally {
    signal?.removeEventListener("abort", stop);
  }
  const runs = kinds.reduce((sum, { runs }) => sum + runs, 0);
  return {
    ms: runs === 0 ? 0 : timeOf(kinds, costs, jobs),
    jobs,
    runs,
    kinds: kinds.length,
    known: kinds.filter(({ config }) => isKnown(config)).length,
  };
}

// Milliseconds of all; what nothing is like costs what the others do a step.
function timeOf(
  kinds: Planned["kinds"],
  costs: Costs,
  jobs: number,
): number | null {
  let [ms, steps, longest, others] = [0, 0, 0, 0];
  for (const kind of kinds) {
    const one = costs.left(kind.config);
    if (!Number.isFinite(one)) {
      others += kind.steps;
      continue;
    }
    const all = one * kind.steps / kind.config.steps;
    ms += all;
    steps += kind.steps;
    longest = Math.max(longest, one);
  }
  if (steps === 0) return null;
  return Math.max(longest, (ms * (1 + others / steps)) / jobs);
}
