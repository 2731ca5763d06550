/**
 * Publishing what figures came to: records, charts, tables and verdicts that are
 * committed with the code, and the page of them.
 *
 * @module
 */

import { dirname, join } from "node:path";
import type { Figure, Scale } from "../figures/figure.ts";
import { recordText, type RunRecord } from "../figures/record.ts";
import { figures as registry } from "../figures/mod.ts";
import { writeWhole } from "../files.ts";
import { ignoreMissing, list } from "../runs/_layout.ts";
import {
  type Job,
  jobsOf,
  places as usual,
  recordsFolder,
  seedOf,
} from "./layout.ts";
import {
  type Outcome,
  outcomeOf,
  readOutcome,
  resultsOf,
  writeOutcome,
} from "./outcome.ts";
import { pageText } from "./page.ts";
import { recordHere, recordsPublished } from "./records.ts";
import { figureNames, type ReproduceOptions, SEEDS } from "./reproduce.ts";

interface Found {
  readonly scale: Scale;
  readonly seeds: number;
  readonly records: readonly {
    readonly job: Job;
    readonly record: RunRecord;
  }[];
  /** Whether every arm has a run. */
  readonly whole: boolean;
}

/**
 * Publishes the finished runs of figures, those that are published already among
 * them; runs nothing. The full length goes before the quick form where every arm
 * has a run of it.
 *
 * @param names Figures, or `all`.
 * @param options Places and figures; with the scale `quick` the full runs are
 * passed over.
 * @returns What was published; figures without a run are left out, and what is
 * published of their earlier settings is removed.
 * @throws {UsageError} if a figure is unknown.
 */
export async function publish(
  names: readonly string[],
  options: Pick<ReproduceOptions, "scale" | "places" | "figures"> = {},
): Promise<Outcome[]> {
  const { places = usual, figures = registry } = options;
  const outcomes: Outcome[] = [];
  for (const name of figureNames(names, figures)) {
    const figure = figures[name]!;
    const full = await find(name, figure, "full", places);
    const quick = await find(name, figure, "quick", places);
    const some = (found: Found) => found.records.length > 0;
    const best = options.scale === "quick"
      ? quick
      : [full, quick].find(({ whole }) => whole) ??
        (some(full) || !some(quick) ? full : quick);
    await removeFallen(name, [full, quick], places);
    if (best.records.length === 0 && figure.arms.length > 0) {
      // Passing over what is published leaves it as it is.
      if (best !== full && some(full)) continue;
      await Deno.remove(join(places.published, name), { recursive: true })
        .catch(ignoreMissing);
      continue;
    }
    const { scale, seeds, records } = best;
    for (const { job, record } of records) {
      const file = join(recordsFolder(places, name, scale), `${job.name}.json`);
      await writeWhole(file, recordText(record));
    }
    const results = resultsOf(
      scale,
      seeds,
      records.map(({ record }) => record),
    );
    const outcome = outcomeOf(name, figure, results);
    await writeOutcome(join(places.published, name), figure, results, outcome);
    outcomes.push(outcome);
  }
  const published = new Map<string, Outcome>();
  for (const name of Object.keys(figures)) {
    const outcome = await readOutcome(join(places.published, name));
    if (outcome) published.set(name, outcome);
  }
  const page = join(dirname(places.published), "reproduction.md");
  await writeWhole(page, pageText(figures, published));
  return outcomes;
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
): Promise<Found> {
  const usually = scale === "full" ? SEEDS : figure.quickSeeds ?? 1;
  // Whoever has more seeds publishes more.
  const names = [
    ...await list(join(places.here, name, scale)) ?? [],
    ...await list(recordsFolder(places, name, scale)) ?? [],
  ];
  const seeds = Math.max(
    usually,
    ...names.map((name) => (seedOf(name) ?? 0) + 1),
  );
  const jobs = jobsOf(name, figure, scale, seeds, places.here);
  const known = await recordsPublished(places, jobs, figure);
  const records: Found["records"][number][] = [];
  for (const job of jobs) {
    const record = await recordHere(job, figure) ?? known.get(job.name);
    if (record) records.push({ job, record });
  }
  return {
    scale,
    records,
    seeds: Math.max(usually, ...records.map(({ record }) => record.seed + 1)),
    whole: figure.arms.length > 0 &&
      figure.arms.every(({ name }) =>
        records.some(({ job }) => job.arm === name)
      ),
  };
}
