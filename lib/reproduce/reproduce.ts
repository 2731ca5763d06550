/**
 * Reproducing figures: their runs side by side, and what these come to.
 *
 * @module
 */

import { join } from "node:path";
import { UsageError } from "../base/errors.ts";
import { maxOf } from "../base/extremes.ts";
import { nearest } from "../base/nearest.ts";
import { checkArgument, checkOptions, named } from "../base/options.ts";
import { taskLine } from "../base/shell.ts";
import type { Figure } from "../figures/figure.ts";
import { figures as registry } from "../figures/mod.ts";
import { seedsNeeded, seedsWanted } from "../figures/seeds.ts";
import { Costs } from "../train/threads/cost.ts";
import { type Job, jobsOf, places as usual } from "./layout.ts";
import { removeLeftovers } from "./leftovers.ts";
import { REPRODUCE, type ReproduceOptions } from "./options.ts";
import { type Outcome, outcomeOf, resultsOf, writeOutcome } from "./outcome.ts";
import { Queue, type Work } from "./queue.ts";
import {
  checkSame,
  recordHere,
  recordsPublished,
  runsHere,
} from "./records.ts";
import { bytesKey, copyRun, isFinished, twinsOf } from "./twins.ts";

/** What a reproduction came to. */
export interface Reproduction {
  /** What the figures came to, as far as their runs are there. */
  readonly outcomes: readonly Outcome[];
  /** Whether it was stopped before all runs were there. */
  readonly interrupted: boolean;
  /** Runs that could not be trained, and figures that cannot be run here. */
  readonly failures: readonly string[];
}

/**
 * The figures that names mean.
 *
 * @param names Their names, or `all`.
 * @throws {UsageError} if there is no such figure.
 */
export function figureNames(
  names: readonly string[],
  figures: Readonly<Record<string, Figure>> = registry,
): string[] {
  const known = Object.keys(figures);
  const unknown = names.find((name) => name !== "all" && !known.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(
      `Unknown figure ${JSON.stringify(unknown)}: ${nearest(unknown, known)}` +
        `; ${taskLine("reproduce")} lists them, all means every one`,
    );
  }
  return names.includes("all")
    ? known
    : known.filter((name) => names.includes(name));
}

/**
 * Trains what figures show and writes what it comes to: chart, table, verdicts,
 * anew after every run.
 *
 * @param names Figures, or `all`.
 * @param options Form, seeds, what to do with runs that are there.
 * @throws {UsageError} if a figure is unknown, or runs are there and it was not
 * said what to do with them; nothing is written then.
 */
export async function reproduce(
  names: readonly string[],
  options: ReproduceOptions = {},
): Promise<Reproduction> {
  checkArgument("reproduce()", "names", names, named);
  checkOptions("reproduce()", options, REPRODUCE);
  const { places = usual, figures = registry } = options;
  const failures: string[] = [];
  const works: Work[] = [];
  for (const name of figureNames(names, figures)) {
    const figure = figures[name]!;
    const reason = await figure.missing?.();
    if (reason === undefined) works.push(workOf(name, figure, options));
    else if (!names.includes("all")) {
      throw new UsageError(`Cannot reproduce ${name} here: ${reason}`);
    } else failures.push(`${name} cannot be run here: ${reason}`);
  }
  const costs = new Costs();
  await collect(works, options, costs);
  const write = async (work: Work) => {
    const { name, figure, scale, seeds, wanted, jobs, records } = work;
    const results = resultsOf(scale, seeds, records.values(), wanted);
    const outcome = outcomeOf(name, figure, results);
    // Without a run there is nothing to say yet.
    if (jobs.length === 0 || records.size > 0) {
      await writeOutcome(join(places.here, name), figure, results, outcome);
    }
    return outcome;
  };
  const queue = await Queue.of(works, costs, options);
  if (queue.waiting.length > 0) await queue.train(write, failures);
  const outcomes = [];
  for (const work of works) outcomes.push(await write(work));
  return { outcomes, failures, interrupted: options.signal?.aborted ?? false };
}

function workOf(
  name: string,
  figure: Figure,
  options: ReproduceOptions,
): Work {
  const { scale = "full", places = usual, device = "cpu", threads = 1 } =
    options;
  const { seeds = seedsNeeded(figure, scale) } = options;
  const jobs = jobsOf(
    name,
    figure,
    scale,
    options.seeds ?? seedsWanted(figure, scale),
    places.here,
    { device, threads },
  );
  const counts = Object.groupBy(jobs, ({ arm }) => arm);
  const wanted = (arm: string) => counts[arm]?.length ?? seeds;
  return { name, figure, scale, seeds, wanted, jobs, records: new Map() };
}

// Takes in the records that are there, unless all is to begin again.
async function collect(
  works: readonly Work[],
  options: ReproduceOptions,
  costs: Costs,
): Promise<void> {
  const { resume, overwrite, published, places = usual, onWarning } = options;
  await removeLeftovers(places, works.map(({ name }) => name));
  for (const { name, figure, scale, jobs, records } of works) {
    const here = await runsHere(jobs);
    if (here.length > 0 && !resume && !overwrite) {
      throw new UsageError(
        `Cannot reproduce ${name} (${scale}): ${here.length} of its runs ` +
          `are in ${join(places.here, name, scale)} already; go on with them ` +
          "with --resume, or begin them again with --overwrite",
      );
    }
    for (const job of here) {
      if (!overwrite) await checkSame(job);
      const record = await recordHere(job, figure);
      if (!record) continue;
      costs.learn(record.config, record.ms_per_step);
      if (!overwrite) records.set(job.name, record);
    }
    const copied = overwrite ? 0 : await takeOver(
      jobs.filter(({ name }) => !records.has(name)),
      options,
      async (job) => {
        const record = (await recordHere(job, figure))!;
        costs.learn(record.config, record.ms_per_step);
        records.set(job.name, record);
      },
    );
    if (copied > 0) {
      onWarning?.(
        `${name}: ${copied} of ${jobs.length} runs are other figures' too, ` +
          "and were copied",
      );
    }
    if (!published) continue;
    // What lies here is gone on with, or begun again.
    const known = await recordsPublished(
      places,
      jobs,
      figure,
      (problem) => onWarning?.(`${problem}; it is left out`),
    );
    const standing = [...known].filter(([job]) =>
      !records.has(job) && !here.some(({ name }) => name === job)
    );
    for (const [job, record] of standing) records.set(job, record);
    if (standing.length > 0) {
      onWarning?.(
        `${name}: ${standing.length} of ${jobs.length} runs are published ` +
          "records, not runs of this machine",
      );
    }
  }
}

// Copies runs that another figure, or its other form, has finished.
async function takeOver(
  jobs: readonly Job[],
  { places = usual, figures = registry, ...options }: ReproduceOptions,
  onCopy: (job: Job) => Promise<void>,
): Promise<number> {
  const { device = "cpu", threads = 1 } = options;
  const seeds = 1 + maxOf([-1, ...jobs.map(({ config }) => config.seed)]);
  const all = twinsOf(figures, seeds, places, { device, threads });
  let copied = 0;
  for (const job of jobs) {
    for (const twin of all.get(bytesKey(job)) ?? []) {
      if (twin.run === job.run || !await isFinished(twin)) continue;
      await copyRun(twin, job);
      await onCopy(job);
      copied += 1;
      break;
    }
  }
  return copied;
}
