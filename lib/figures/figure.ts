/**
 * What a figure of the paper is here: arms that are trained with several seeds,
 * what is recorded of them, what is drawn, and claims with rules that decide.
 *
 * @module
 */

import type { Chart } from "../charts/chart.ts";
import type { Config, ConfigInput } from "../config/config.ts";

/** How long a figure's runs are: as published, or shortened to minutes. */
export type Scale = "full" | "quick";

/** Evaluations of a run whose arm has no `evalEvery`. */
export const EVALUATIONS = 200;

/** Anything that JSON holds. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

/** One setting of a figure, run with several seeds. */
export interface Arm {
  /** Its name in paths: small letters, digits, `.` and `-`. */
  readonly name: string;
  /** Its name in the legend. */
  readonly label: string;
  /**
   * The experiment at full length, without a seed. Everything that the paper
   * sets is stated, defaults may change. Where `evalEvery` is left out, there
   * are 200 evaluations.
   */
  readonly config: ConfigInput;
  /** What is other in the quick form. */
  readonly quick: ConfigInput;
  /** Columns that are recorded of this arm only, beside the figure's. */
  readonly columns?: readonly string[];
  /**
   * Minutes that a run at full length takes on one thread, measured; left out where
   * nobody knows. It decides how many seeds there are to be.
   */
  readonly minutes?: number;
}

/**
 * Measures something of a finished run that is no column of its metrics.
 *
 * @param run The run's folder, with its checkpoints.
 * @returns Plain JSON, which the record keeps; a few kilobytes at most.
 */
export type Measure = (run: string) => Promise<Json>;

/** The finished runs of a figure. */
export interface Results {
  /** Full or quick. */
  readonly scale: Scale;
  /** Seeds that a claim takes at least to hold: those asked for, or as many as usual. */
  readonly seeds: number;
  /** How many seeds there are to be of an arm: 0, 1, … */
  wanted(arm: string): number;
  /** The finished runs of an arm, in the order of their seeds. */
  of(arm: string): readonly RunRecord[];
}

/** A row of the table: published beside measured. */
export interface Row {
  /** What is compared. */
  readonly what: string;
  /** The published number, marked where it was read off a plot. */
  readonly published: string;
  /** The measured one: `measured()` and its like make it. */
  readonly measured: string;
}

/** How many seeds say what of a claim. */
export interface Tally {
  /** How many there are to be, of all arms that the claim reads. */
  readonly wanted: number;
  /** How many are there, of all these arms. */
  readonly there: number;
  /** How many of them say something. */
  readonly saying: number;
  /** With how many of these it is so. */
  readonly so: number;
  /** Their share of those that say something; null where none does. */
  readonly share: number | null;
  /** Wilson's interval of the share, 95 %. */
  readonly interval: readonly [low: number, high: number] | null;
}

/** A step over the seeds; null is never, which comes after every step. */
export interface StepMedian {
  /** What came then. */
  readonly what: string;
  /** How many seeds there are of it. */
  readonly seeds: number;
  /** The median. */
  readonly median: number | null;
  /** The bootstrap's interval of the median, 95 %. */
  readonly interval: readonly [low: number | null, high: number | null];
}

/** What a claim's rule came to. */
export interface Decision {
  /** Whether the claim holds. */
  readonly verdict: "holds" | "fails" | "inconclusive";
  /** The numbers that decided, in words. */
  readonly why: string;
  /** The same as JSON. */
  readonly numbers: Json;
  /** How many seeds say what. */
  readonly tally?: Tally;
  /** The steps that decided, over the seeds. */
  readonly steps?: readonly StepMedian[];
}

/** Where a claim and its rule come from. */
export interface Provenance {
  /**
   * Who worded it: the paper, whose sentence or figure it is in other words; those
   * who use its code; or this project, which asks a question of its own.
   */
  readonly worded: "paper" | "users" | "groklab";
  /**
   * Whether its rule, as it stands, was written before the runs at full length that
   * decide it were recorded, or after some of them.
   */
  readonly written: "before" | "after";
  /** When, and which runs were there, in a sentence or two. */
  readonly told: string;
}

/** A claim, and the rule that decides it, fixed before any run. */
export interface Claim {
  /** `C1`, `C2`, … */
  readonly id: string;
  /** What is claimed. */
  readonly statement: string;
  /** The rule in words. */
  readonly rule: string;
  /** Where it comes from; left out where nobody says. */
  readonly provenance?: Provenance;
  /** The rule. It reads records only, and must be able to fail. */
  decide(results: Results): Decision;
}

/** A figure. */
export interface Figure {
  /** What it is, as a heading. */
  readonly title: string;
  /** What it shows, in a sentence. */
  readonly shows: string;
  /** With which settings, and where published ones conflict. */
  readonly settings: string;
  /** What the paper has, numbers read off a plot marked. */
  readonly published: string;
  /** What of the result of either form needs explaining; for the page. */
  readonly remarks?: Readonly<Partial<Record<Scale, readonly string[]>>>;
  /** What is trained; a figure of a formula trains nothing. */
  readonly arms: readonly Arm[];
  /** The columns of metrics.jsonl that are recorded, beside `step`. */
  readonly columns: readonly string[];
  /** What else is measured of each finished run. */
  readonly measures?: Readonly<Record<string, Measure>>;
  /** How many seeds the quick form has unless asked for others; 1 if left out. */
  readonly quickSeeds?: number;
  /** Why it cannot be run here, and what mends that; undefined where it can. */
  missing?(): Promise<string | undefined>;
  /** The chart, of as many runs as there are. */
  chart(results: Results): Chart;
  /** The table, of as many runs as there are. */
  rows(results: Results): readonly Row[];
  /** The claims that it decides. */
  readonly claims: readonly Claim[];
}

/** What is kept of a finished run. */
export interface RunRecord {
  /** The arm's name. */
  readonly arm: string;
  /** The seed. */
  readonly seed: number;
  /** Updates made. */
  readonly steps: number;
  /** First evaluated step with train accuracy ≥ 0.99, or null. */
  readonly memorised_at: number | null;
  /** First evaluated step with test accuracy ≥ 0.99, or null. */
  readonly grokked_at: number | null;
  /** The step whose train loss was not finite, or null. */
  readonly diverged_at: number | null;
  /** Mean milliseconds a step. */
  readonly ms_per_step: number;
  /** What it was made with. */
  readonly made: Json;
  /** The resolved config. */
  readonly config: Config;
  /** `step` and the figure's columns, a number for each kept row. */
  readonly columns: Readonly<Record<string, readonly (number | null)[]>>;
  /** What else was measured. */
  readonly measures: Readonly<Record<string, Json>>;
}
