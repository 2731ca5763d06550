/**
 * What there is to reproduce, what it costs here and what it came to.
 *
 * @module
 */

import { join } from "node:path";
import type { Figure, Scale } from "../figures/figure.ts";
import { figures as registry } from "../figures/mod.ts";
import { Costs, wallTime } from "./cost.ts";
import { jobsOf, type Places, places as usual } from "./layout.ts";
import { type Outcome, readOutcome } from "./outcome.ts";
import { recordHere, recordsPublished } from "./records.ts";
import { SEEDS } from "./reproduce.ts";

/** A figure as it is listed. */
export interface Listed {
  readonly name: string;
  readonly title: string;
  readonly shows: string;
  readonly settings: string;
  readonly published: string;
  /** Milliseconds of each form with two runs side by side; null if not known. */
  readonly cost: Readonly<Record<Scale, number | null>>;
  /** What it came to last, here or else as published; null if never run. */
  readonly last: Outcome & { readonly from: "here" | "published" } | null;
}

/** Lists the figures. */
export async function listFigures(
  places: Places = usual,
  figures: Readonly<Record<string, Figure>> = registry,
): Promise<Listed[]> {
  const costs = await knownCosts(places, figures);
  const listed: Listed[] = [];
  for (const [name, figure] of Object.entries(figures)) {
    const cost = (scale: Scale) => {
      const seeds = scale === "full" ? SEEDS : figure.quickSeeds ?? 1;
      const jobs = jobsOf(name, figure, scale, seeds, places.here, USUAL);
      const ms = wallTime(jobs.map(({ config }) => costs.left(config)), 2);
      return Number.isFinite(ms) ? ms : null;
    };
    const here = await readOutcome(join(places.here, name));
    const published = await readOutcome(join(places.published, name));
    listed.push({
      name,
      title: figure.title,
      shows: figure.shows,
      settings: figure.settings,
      published: figure.published,
      cost: { full: cost("full"), quick: cost("quick") },
      last: here
        ? { ...here, from: "here" }
        : published
        ? { ...published, from: "published" }
        : null,
    });
  }
  return listed;
}

// How the command trains unless it is told otherwise.
const USUAL = { device: "cpu", threads: 1 } as const;

// Of published runs first, so that this machine's own count.
async function knownCosts(
  places: Places,
  figures: Readonly<Record<string, Figure>>,
): Promise<Costs> {
  const costs = new Costs();
  const all = Object.entries(figures).flatMap(([name, figure]) =>
    (["full", "quick"] as const).map((scale) => ({
      figure,
      jobs: jobsOf(name, figure, scale, SEEDS, places.here, USUAL),
    }))
  );
  for (const { figure, jobs } of all) {
    const known = await recordsPublished(places, jobs, figure);
    for (const { config, ms_per_step } of known.values()) {
      costs.learn(config, ms_per_step);
    }
  }
  for (const { figure, jobs } of all) {
    for (const job of jobs) {
      // Measures may be slow, and are not looked at here.
      const record = await recordHere(job, { ...figure, measures: {} });
      if (record) costs.learn(record.config, record.ms_per_step);
    }
  }
  return costs;
}
