/**
 * Which records there are of a figure's runs: of runs that lie here, and
 * published ones that stand for them.
 *
 * @module
 */

import { UsageError } from "../base/errors.ts";
import { notice } from "../base/notices.ts";
import { DamagedError } from "../base/sums.ts";
import { type Config, ConfigError } from "../config/config.ts";
import type { Figure, RunRecord } from "../figures/figure.ts";
import { recordOf, sameExperiment, stands } from "../figures/record.ts";
import { list } from "../runs/layout.ts";
import { readInterrupted } from "../runs/saved_state.ts";
import type { Job, Places } from "./layout.ts";
import { type OnProblem, readPublished } from "./published.ts";

/**
 * The runs of jobs that lie here, finished or not.
 *
 * @throws {UsageError} if one is of another experiment than the figure's.
 */
export async function runsHere(jobs: readonly Job[]): Promise<Job[]> {
  const here: Job[] = [];
  for (const job of jobs) {
    if (!(await list(job.run))?.length) continue;
    here.push(job);
  }
  return here;
}

/**
 * Checks that a run which lies here is of the figure's experiment.
 *
 * @throws {UsageError} if it is another.
 */
export async function checkSame(job: Job): Promise<void> {
  const { run, config, figure } = job;
  const found = await configIn(job).catch((error) => {
    // Whoever goes on with it says so, and the others are gone on with.
    if (!(error instanceof DamagedError)) throw error;
    return undefined;
  });
  if (found === undefined) return;
  if (found !== null && sameExperiment(found, config)) return;
  throw new UsageError(
    `Cannot go on with ${run}: ${figure} has another config now; remove the ` +
      "folder, or begin all its runs again with --overwrite",
  );
}

// What the run that lies in a job's folder has been trained with; null where this
// version does not know such a config.
async function configIn({ run }: Job): Promise<Config | null | undefined> {
  try {
    return (await readInterrupted(run))?.config;
  } catch (error) {
    if (error instanceof ConfigError) return null;
    throw error;
  }
}

/** The record of a job's run if it lies here, finished and of its experiment. */
export async function recordHere(
  job: Job,
  figure: Figure,
): Promise<RunRecord | undefined> {
  try {
    const found = await configIn(job);
    if (!found || !sameExperiment(found, job.config)) return undefined;
    return await recordOf(job.run, job.arm, figure);
  } catch (error) {
    // A damaged run has no record; the others have theirs.
    if (!(error instanceof DamagedError || error instanceof SyntaxError)) {
      throw error;
    }
    notice(`${job.figure} ${job.name} is passed over: ${error.message}`);
  }
}

/**
 * The published records of a figure that stand for jobs, by the jobs' names.
 *
 * @param onProblem Told of each that is torn, edited or gone; it is left out.
 */
export async function recordsPublished(
  places: Places,
  jobs: readonly Job[],
  figure: Figure,
  onProblem: OnProblem,
): Promise<Map<string, RunRecord>> {
  const standing = new Map<string, RunRecord>();
  const [first] = jobs;
  if (!first) return standing;
  const records = await readPublished(
    places,
    first.figure,
    first.scale,
    onProblem,
  );
  for (const { name, config } of jobs) {
    const record = records.get(name);
    if (record && stands(record, config, figure)) standing.set(name, record);
  }
  return standing;
}
