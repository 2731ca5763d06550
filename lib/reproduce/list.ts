/**
 * What there is to reproduce, what it costs here and what it came to.
 *
 * @module
 */

import { join } from "node:path";
import type {
  Decision,
  Figure,
  Provenance,
  Scale,
  Tally,
} from "../figures/figure.ts";
import { figures as registry } from "../figures/mod.ts";
import { seedsWanted } from "../figures/seeds.ts";
import { Costs, wallTime } from "../train/threads/cost.ts";
import { jobsOf, type Places, places as usual } from "./layout.ts";
import { basisOf, type Outcome, readOutcome, weightOf } from "./outcome.ts";
import { type OnProblem, publishedOutcome } from "./published.ts";
import { recordHere, recordsPublished } from "./records.ts";

/** What runs take. */
export interface Cost {
  /** Milliseconds. */
  readonly ms: number;
  /** Whether this machine was timed, or the one of published runs. */
  readonly from: "here" | "published";
}

/** A figure as it is listed. */
export interface Listed {
  /** Its name: `fig1`. */
  readonly name: string;
  /** Its heading. */
  readonly title: string;
  /** What it shows, in a sentence. */
  readonly shows: string;
  /** With which settings. */
  readonly settings: string;
  /** What the paper has. */
  readonly published: string;
  /**
   * What it decides, how, and with how many seeds: null while it has not been run;
   * and where the claims come from, null where nobody says.
   */
  readonly claims: readonly {
    readonly id: string;
    readonly statement: string;
    readonly provenance: Provenance | null;
    readonly verdict: Decision["verdict"] | null;
    readonly tally: Tally | null;
  }[];
  /** What each form takes, two runs side by side; null if not known. */
  readonly cost: Readonly<Record<Scale, Cost | null>>;
  /**
   * What it came to, here or as published, whichever says more; null where it has
   * not been run with the settings and rules of this version.
   */
  readonly last: Outcome & { readonly from: "here" | "published" } | null;
  /** Why it cannot be run here, and what mends that; null where it can. */
  readonly missing: string | null;
}

/**
 * Lists the figures.
 *
 * @param places Where runs and records lie.
 * @param figures The figures.
 * @param onProblem Told of each file that is torn, edited or gone; the list goes
 * on without it.
 */
export async function listFigures(
  places: Places = usual,
  figures: Readonly<Record<string, Figure>> = registry,
  onProblem: (problem: string) => void = () => {},
): Promise<Listed[]> {
  const costs = await knownCosts(places, figures, onProblem);
  const listed: Listed[] = [];
  const known = async (
    name: string,
    figure: Figure,
    from: "here" | "published",
  ) => {
    const outcome = from === "published"
      ? await publishedOutcome(places, name, onProblem)
      : await orProblem(() => readOutcome(join(places.here, name)), onProblem);
    return outcome && outcome.basis === basisOf(name, figure, outcome.scale)
      ? [{ ...outcome, from }]
      : [];
  };
  for (const [name, figure] of Object.entries(figures)) {
    const cost = (scale: Scale) => {
      const seeds = seedsWanted(figure, scale);
      const jobs = jobsOf(name, figure, scale, seeds, places.here, USUAL);
      for (const from of ["here", "published"] as const) {
        const left = jobs.map(({ config }) => costs[from].left(config));
        const ms = wallTime(left, 2);
        if (Number.isFinite(ms)) return { ms, from };
      }
      return null;
    };
    const [last = null] = [
      ...await known(name, figure, "here"),
      ...await known(name, figure, "published"),
    ].sort((a, b) => weightOf(b) - weightOf(a));
    listed.push({
      name,
      title: figure.title,
      shows: figure.shows,
      settings: figure.settings,
      published: figure.published,
      claims: figure.claims.map(({ id, statement, provenance = null }) => {
        const found = last?.claims.find((claim) => claim.id === id);
        const { verdict = null, tally = null } = found ?? {};
        return { id, statement, provenance, verdict, tally };
      }),
      cost: { full: cost("full"), quick: cost("quick") },
      last,
      missing: await figure.missing?.() ?? null,
    });
  }
  return listed;
}

// What is read, or undefined where it cannot be: one file must not hide others.
async function orProblem<T>(
  read: () => Promise<T>,
  onProblem: OnProblem,
): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    onProblem((error as Error).message);
  }
}

// How the command trains unless it is told otherwise.
const USUAL = { device: "cpu", threads: 1 } as const;

// Of this machine's runs, and of published ones too.
async function knownCosts(
  places: Places,
  figures: Readonly<Record<string, Figure>>,
  onProblem: OnProblem,
): Promise<Record<Cost["from"], Costs>> {
  const [here, published] = [new Costs(), new Costs()];
  const all = Object.entries(figures).flatMap(([name, figure]) =>
    (["full", "quick"] as const).map((scale) => ({
      figure,
      jobs: jobsOf(
        name,
        figure,
        scale,
        seedsWanted(figure, scale),
        places.here,
        USUAL,
      ),
    }))
  );
  for (const { figure, jobs } of all) {
    const known = await recordsPublished(places, jobs, figure, onProblem);
    for (const { config, ms_per_step } of known.values()) {
      published.learn(config, ms_per_step);
    }
  }
  for (const { figure, jobs } of all) {
    for (const job of jobs) {
      // Measures may be slow, and are not looked at here.
      const record = await orProblem(
        () => recordHere(job, { ...figure, measures: {} }),
        onProblem,
      );
      if (!record) continue;
      here.learn(record.config, record.ms_per_step);
      published.learn(record.config, record.ms_per_step);
    }
  }
  return { here, published };
}
