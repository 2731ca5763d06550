/**
 * Publishing what figures came to: records, charts, tables and verdicts that are
 * committed with the code, and the page of them.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { maxOf } from "../base/extremes.ts";
import { FileError, writeWhole } from "../base/files.ts";
import {
  anything,
  checkArgument,
  checkOptions,
  named,
  oneOf,
} from "../base/options.ts";
import type {
  Arm,
  Figure,
  Results,
  RunRecord,
  Scale,
} from "../figures/figure.ts";
import { figures as registry } from "../figures/mod.ts";
import { recordText } from "../figures/record.ts";
import { seedsNeeded, seedsWanted } from "../figures/seeds.ts";
import { ignoreMissing, list } from "../runs/layout.ts";
import {
  type Job,
  jobsOf,
  places as usual,
  recordsFolder,
  seedsOf,
} from "./layout.ts";
import type { ReproduceOptions } from "./options.ts";
import {
  type Outcome,
  outcomeOf,
  readOutcome,
  resultsOf,
  weightOf,
  writeOutcome,
} from "./outcome.ts";
import { pageText, type Published } from "./page.ts";
import {
  PUBLISHED_SUMS,
  publishedOutcome,
  PublishedSums,
  readPublished,
} from "./published.ts";
import { recordHere, recordsPublished } from "./records.ts";
import { figureNames } from "./reproduce.ts";
import { bytesKey, twinsOf } from "./twins.ts";

interface Found {
  readonly scale: Scale;
  readonly records: readonly {
    readonly job: Job;
    readonly record: RunRecord;
  }[];
  readonly results: Results;
  readonly outcome: Outcome;
}

/**
 * Publishes the records of all finished runs of figures, those that are published
 * already among them; runs nothing. A figure's chart, table and verdicts are of
 * the full length where every arm has a run of it, else of the quick form; records
 * of a full length that is not whole yet wait beside it, for another sitting.
 *
 * @param names Figures, or `all`.
 * @param options Places and figures; with the scale `quick` the full runs are
 * passed over.
 * @returns What was published; figures without a run are left out, and what is
 * published of their earlier settings is removed.
 * @throws {UsageError} if a figure is unknown.
 * @throws {FileError} if something published is torn, edited or gone: nothing is
 * written then.
 */
export async function publish(
  names: readonly string[],
  options: Pick<ReproduceOptions, "scale" | "places" | "figures"> = {},
): Promise<Outcome[]> {
  checkArgument("publish()", "names", names, named);
  checkOptions("publish()", options, {
    scale: oneOf(["full", "quick"]),
    places: anything,
    figures: anything,
  });
  const { places = usual, figures = registry } = options;
  const wanted = figureNames(names, figures);
  await refuseDamaged(places, Object.keys(figures));
  const outcomes: Outcome[] = [];
  const twins = new Map<number, Map<string, Job[]>>();
  // Configs of all figures take a while, and most figures have as many seeds.
  const twinsFor = (seeds: number) => {
    const found = twins.get(seeds) ?? twinsOf(figures, seeds, places);
    twins.set(seeds, found);
    return found;
  };
  for (const name of wanted) {
    const figure = figures[name]!;
    const full = await find(name, figure, "full", places, twinsFor);
    const quick = await find(name, figure, "quick", places, twinsFor);
    await removeFallen(name, [full, quick], places);
    const candidates = (options.scale === "quick" ? [quick] : [full, quick])
      .filter(({ records }) => records.length > 0 || figure.arms.length === 0)
      .sort((a, b) => weightOf(b.outcome) - weightOf(a.outcome));
    const [best] = candidates;
    if (!best) {
      // Passing over what is published leaves it as it is.
      if (full.records.length > 0) continue;
      await Deno.remove(join(places.published, name), { recursive: true })
        .catch(ignoreMissing);
      continue;
    }
    for (const { scale, records } of candidates) {
      const folder = recordsFolder(places, name, scale);
      for (const { job, record } of records) {
        await writeWhole(join(folder, `${job.name}.json`), recordText(record));
      }
    }
    const { results, outcome } = best;
    await writeOutcome(join(places.published, name), figure, results, outcome);
    outcomes.push(outcome);
  }
  await PublishedSums.write(places);
  await writePage(figures, places);
  return outcomes;
}

// The page of all figures that are published.
async function writePage(
  figures: NonNullable<ReproduceOptions["figures"]>,
  places: typeof usual,
): Promise<void> {
  const published = new Map<string, Published>();
  for (const [name, figure] of Object.entries(figures)) {
    const outcome = await readOutcome(join(places.published, name));
    if (!outcome) continue;
    const full = outcome.scale === "full"
      ? outcome
      : await fullSoFar(name, figure, places);
    published.set(name, { outcome, full });
  }
  const page = join(dirname(places.published), "reproduction.md");
  await writeWhole(page, pageText(figures, published));
}

// What the records of a full length come to that is not whole yet.
async function fullSoFar(
  name: string,
  figure: Figure,
  places: typeof usual,
): Promise<Outcome> {
  const files = await list(recordsFolder(places, name, "full")) ?? [];
  const jobs = jobsAsPublished(name, figure, "full", files, places);
  const records = await recordsPublished(places, jobs, figure, refuse);
  const results = resultsFor(figure, "full", [...records.values()]);
  return outcomeOf(name, figure, results);
}

async function refuseDamaged(
  places: typeof usual,
  figures: readonly string[],
): Promise<void> {
  const [problem] = await (await PublishedSums.of(places)).problems();
  if (problem !== undefined) refuse(problem);
  for (const figure of figures) {
    await publishedOutcome(places, figure, refuse);
    for (const scale of ["full", "quick"] as const) {
      await readPublished(places, figure, scale, refuse);
    }
  }
}

// Sums of what nobody can vouch for would vouch for it.
function refuse(problem: string): never {
  throw new FileError(
    `Cannot publish: ${problem}; put it back with git checkout, or, if it is ` +
      `meant so, remove ${PUBLISHED_SUMS} beside it first`,
  );
}

// Records of which this version has no run any more.
async function removeFallen(
  name: string,
  found: readonly Found[],
  places: typeof usual,
): Promise<void> {
  for (const { scale, records } of found) {
    const folder = recordsFolder(places, name, scale);
    const standing = records.map(({ job }) => `${job.name}.json`);
    for (const file of await list(folder) ?? []) {
      if (!standing.includes(file)) await Deno.remove(join(folder, file));
    }
    if (standing.length === 0) await Deno.remove(folder).catch(ignoreMissing);
  }
}

async function find(
  name: string,
  figure: Figure,
  scale: Scale,
  places: typeof usual,
  twinsFor: (seeds: number) => Map<string, Job[]>,
): Promise<Found> {
  // Whoever has more seeds publishes more.
  const names = [
    ...await list(join(places.here, name, scale)) ?? [],
    ...await list(recordsFolder(places, name, scale)) ?? [],
  ];
  const jobs = jobsAsPublished(name, figure, scale, names, places);
  const most = 1 + maxOf([-1, ...jobs.map(({ config }) => config.seed)]);
  const known = await recordsPublished(places, jobs, figure, refuse);
  const twins = twinsFor(most);
  const records: Found["records"][number][] = [];
  for (const job of jobs) {
    const record = await recordHere(job, figure) ?? known.get(job.name) ??
      await recordOfTwin(job, figure, twins.get(bytesKey(job)) ?? []);
    if (record) records.push({ job, record });
  }
  const results = resultsFor(
    figure,
    scale,
    records.map(({ record }) => record),
  );
  const outcome = outcomeOf(name, figure, results);
  return { scale, records, results, outcome };
}

// The runs of a figure that there are to be, and as many seeds more as files tell.
function jobsAsPublished(
  name: string,
  figure: Figure,
  scale: Scale,
  files: readonly string[],
  { here }: typeof usual,
): Job[] {
  const byCost = seedsWanted(figure, scale);
  const most = (arm: Arm) => seedsOf(files, byCost(arm));
  return jobsOf(name, figure, scale, most, here);
}

// Seeds that are there beyond those that there are to be are wanted, too.
function resultsFor(
  figure: Figure,
  scale: Scale,
  records: readonly RunRecord[],
): Results {
  const byCost = seedsWanted(figure, scale);
  const wanted = new Map(figure.arms.map((arm) => [
    arm.name,
    maxOf([
      byCost(arm),
      ...records.filter((record) => record.arm === arm.name)
        .map(({ seed }) => seed + 1),
    ]),
  ]));
  const needed = seedsNeeded(figure, scale);
  return resultsOf(scale, needed, records, (arm) => wanted.get(arm) ?? needed);
}

// A run that another figure has trained is this figure's too.
async function recordOfTwin(
  job: Job,
  figure: Figure,
  twins: readonly Job[],
): Promise<RunRecord | undefined> {
  for (const { run } of twins) {
    const record = run !== job.run && await recordHere({ ...job, run }, figure);
    if (record) return record;
  }
}
