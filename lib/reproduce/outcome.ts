/**
 * What a figure's runs come to: chart, table, verdicts.
 *
 * @module
 */

import { join } from "node:path";
import { maxOf, minOf } from "../base/extremes.ts";
import { writeWhole } from "../base/files.ts";
import { isObject, parseObject } from "../base/json.ts";
import { chartSvg } from "../charts/chart_svg.ts";
import type {
  Decision,
  Figure,
  Provenance,
  Results,
  Row,
  RunRecord,
  Scale,
} from "../figures/figure.ts";
import { withoutPlace } from "../figures/record.ts";
import { jobsOf } from "./layout.ts";
import { sha256 } from "../base/sums.ts";

/** A claim as verdict.json has it. */
export interface ClaimOutcome extends Decision {
  /** `C1`, `C2`, … */
  readonly id: string;
  /** What is claimed. */
  readonly statement: string;
  /** The rule that decided. */
  readonly rule: string;
  /** Where it comes from; left out where nobody says. */
  readonly provenance?: Provenance;
}

/** Seeds of an arm. */
export interface SeedCount {
  /** How many there are to be. */
  readonly wanted: number;
  /** How many are there. */
  readonly there: number;
}

/** What verdict.json holds. */
export interface Outcome {
  /** The figure's name. */
  readonly figure: string;
  /** Its heading. */
  readonly title: string;
  /** Full or quick. */
  readonly scale: Scale;
  /** How many seeds there are to be, of the arm that has the most. */
  readonly seeds: number;
  /** How many there are to be, and are there, of each arm. */
  readonly arms: Readonly<Record<string, SeedCount>>;
  /** Tells settings, rules and columns of the figure from those of other times. */
  readonly basis: string;
  /** How many runs there are, and how many there should be. */
  readonly runs: { readonly finished: number; readonly of: number };
  /** Whether every arm has a run. */
  readonly whole: boolean;
  /** What the runs were made with; more than one where they differ. */
  readonly made: readonly unknown[];
  /** Seconds of all runs, and the least and the most milliseconds a step. */
  readonly cost: {
    readonly seconds: number;
    readonly ms_per_step: readonly [number, number] | null;
  };
  /** The table. */
  readonly rows: readonly Row[];
  /** The claims. */
  readonly claims: readonly ClaimOutcome[];
}

/**
 * The results that rules and charts read.
 *
 * @param scale Full or quick.
 * @param seeds Seeds that a claim takes at least to hold.
 * @param records Of the runs that are there.
 * @param wanted How many seeds there are to be of an arm; as many, if left out.
 */
export function resultsOf(
  scale: Scale,
  seeds: number,
  records: Iterable<RunRecord>,
  wanted: (arm: string) => number = () => seeds,
): Results {
  const all = [...records].sort((a, b) => a.seed - b.seed);
  return {
    scale,
    seeds,
    wanted,
    of: (arm) => all.filter((record) => record.arm === arm),
  };
}

/**
 * What a figure's records come to.
 *
 * @param name The figure's name.
 * @param figure The figure.
 * @param results Its runs.
 */
export function outcomeOf(
  name: string,
  figure: Figure,
  results: Results,
): Outcome {
  const runs = figure.arms.flatMap((arm) => results.of(arm.name));
  const ms = runs.map((run) => run.ms_per_step);
  const arms = figure.arms.map(({ name }): [string, SeedCount] => [name, {
    wanted: results.wanted(name),
    there: results.of(name).length,
  }]);
  const wanted = arms.map(([, { wanted }]) => wanted);
  const seconds = runs.map((run) => run.ms_per_step * run.steps / 1000)
    .reduce((a, b) => a + b, 0);
  return {
    figure: name,
    title: figure.title,
    scale: results.scale,
    seeds: maxOf([0, ...wanted]),
    arms: Object.fromEntries(arms),
    basis: basisOf(name, figure, results.scale),
    runs: {
      finished: runs.length,
      of: wanted.reduce((sum, count) => sum + count, 0),
    },
    whole: figure.arms.every(({ name }) => results.of(name).length > 0),
    made: distinct(runs.map((run) => run.made)),
    cost: {
      seconds: Math.round(seconds),
      ms_per_step: ms.length > 0 ? [minOf(ms), maxOf(ms)] : null,
    },
    rows: figure.rows(results),
    claims: figure.claims.map((claim) => ({
      id: claim.id,
      statement: claim.statement,
      rule: claim.rule,
      ...(claim.provenance && { provenance: claim.provenance }),
      ...claim.decide(results),
    })),
  };
}

/**
 * A short hash of all that a figure's outcome rests on beside its runs: the configs
 * of its arms, what is recorded of them, and the rules.
 */
export function basisOf(name: string, figure: Figure, scale: Scale): string {
  const { columns, measures = {}, claims } = figure;
  const parts = {
    runs: jobsOf(name, figure, scale, 1, "").map(({ arm, config }) => [
      arm,
      withoutPlace(config),
    ]),
    columns,
    measures: Object.keys(measures),
    claims: claims.map(({ id, statement, rule }) => [id, statement, rule]),
  };
  return sha256(JSON.stringify(parts)).slice(0, 12);
}

/**
 * How much an outcome says: all arms at full length before all of the quick form,
 * and these before parts of either.
 */
export function weightOf({ scale, whole }: Outcome): number {
  return (whole ? 2 : 0) + (scale === "full" ? 1 : 0);
}

function distinct(values: readonly unknown[]): unknown[] {
  return [...new Set(values.map((value) => JSON.stringify(value)))].sort()
    .map((text) => JSON.parse(text));
}

/** How many runs a figure rests on, in words. */
export function extent({ scale, seeds, arms = {}, runs }: Outcome): string {
  if (runs.of === 0) return "no run is needed";
  const least = minOf([
    seeds,
    ...Object.values(arms).map(({ wanted }) => wanted),
  ]);
  const form = scale === "full" ? "full length" : "quick form";
  return `${form}, ${least < seeds ? `${least} to ${seeds}` : seeds} ` +
    (seeds === 1 ? "seed" : "seeds") +
    (runs.finished < runs.of
      ? `, ${runs.finished} of ${runs.of} runs are there`
      : "");
}

/** The table as Markdown. */
export function tableText(outcome: Outcome): string {
  return `Median of the seeds (least to most); ${extent(outcome)}.\n\n` +
    rowsText(outcome.rows);
}

/** Rows of a table as Markdown, its head with them. */
export function rowsText(rows: readonly Row[]): string {
  const cell = (text: string) => text.replaceAll("|", "\\|");
  return [
    "| | published | measured |",
    "| --- | --- | --- |",
    ...rows.map(({ what, published, measured }) =>
      `| ${cell(what)} | ${cell(published)} | ${cell(measured)} |`
    ),
    "",
  ].join("\n");
}

/**
 * Writes figure.svg, table.md and verdict.json into a folder, each whole.
 *
 * @throws {FileError} if it cannot be written.
 */
export async function writeOutcome(
  folder: string,
  figure: Figure,
  results: Results,
  outcome: Outcome,
): Promise<void> {
  const { title } = figure.chart(results);
  const drawn = chartSvg({
    ...figure.chart(results),
    title: results.scale === "quick" ? `${title} (quick form)` : title,
  });
  await writeWhole(join(folder, "figure.svg"), drawn);
  await writeWhole(join(folder, "table.md"), tableText(outcome));
  const text = JSON.stringify(outcome, null, 2) + "\n";
  await writeWhole(join(folder, "verdict.json"), text);
}

/**
 * What a folder's verdict.json holds; undefined where there is none.
 *
 * @throws {SyntaxError} if it is torn, naming the file.
 */
export async function readOutcome(
  folder: string,
): Promise<Outcome | undefined> {
  const path = join(folder, "verdict.json");
  try {
    return parseOutcome(await Deno.readTextFile(path), path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * Parses a verdict.json.
 *
 * @param text Its text.
 * @param path The file.
 * @throws {SyntaxError} if it is none, naming the file.
 */
export function parseOutcome(text: string, path: string): Outcome {
  const outcome = parseObject(text, path, "what a figure came to");
  if (isOutcome(outcome)) return outcome;
  throw new SyntaxError(
    `Cannot read ${path}: wanted what a figure came to, with scale, seeds, ` +
      "basis, runs, rows and claims",
  );
}

function isOutcome(
  value: Readonly<Record<string, unknown>> | Outcome,
): value is Outcome {
  const { scale, seeds, basis, runs, rows, claims } = value;
  return (scale === "full" || scale === "quick") &&
    typeof seeds === "number" && typeof basis === "string" && isObject(runs) &&
    [rows, claims].every((all) => Array.isArray(all) && all.every(isObject));
}
