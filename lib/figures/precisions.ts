/**
 * What Figures 2 and 9 have in common: networks trained with softmax
 * cross-entropy in three precisions, on three shares of the pairs.
 *
 * @module
 */

import type { Chart, Panel } from "../charts/chart.ts";
import type { ConfigInput } from "../config/config.ts";
import type { Arm, Decision, Results, Row, RunRecord } from "./figure.ts";
import {
  curve,
  firstAtLeast,
  measured,
  most,
  percent,
  stepText,
} from "./readings.ts";
import { allSo, BY_SEED, bySeed, rises } from "./rules.ts";

/** Shares of the pairs to train on. */
export const fractions = [0.4, 0.6, 0.7] as const;
/** Precisions of the loss, the coarsest first. */
export const precisions = ["float16", "float32", "float64"] as const;

type Fraction = (typeof fractions)[number];
type Precision = (typeof precisions)[number];

/** The name of an arm. */
export function armOf(fraction: number, precision: string): string {
  return `${precision}-${fraction}`;
}

/** An arm for each share and precision. */
export function armsBy(
  config: (fraction: Fraction, precision: Precision) => ConfigInput,
  quick: (fraction: Fraction) => ConfigInput,
): Arm[] {
  return fractions.flatMap((fraction) =>
    precisions.map((precision) => ({
      name: armOf(fraction, precision),
      label: precision,
      config: config(fraction, precision),
      quick: quick(fraction),
    }))
  );
}

/** Columns that are recorded. */
export const columns = [
  "train_accuracy",
  "test_accuracy",
  "softmax_collapse",
] as const;

/** Published numbers; those at full length are drawn too. */
export interface PublishedNumbers {
  /** Highest test accuracy by arm. */
  readonly peaks: Readonly<Record<string, number>>;
  /** Step at which half of the samples have collapsed, by arm. */
  readonly collapse: Readonly<Record<string, number>>;
}

const HALF = 0.5;

/** The first evaluation with half of the train samples collapsed. */
export function halfCollapsed(run: RunRecord): number | null {
  return firstAtLeast(run, "softmax_collapse", HALF);
}

/** The highest test accuracy up to that evaluation. */
export function peak(run: RunRecord): number {
  return most(run, "test_accuracy", halfCollapsed(run) ?? Infinity);
}

// What a share is called; the quick form may have another in its place.
function shareText(results: Results, fraction: Fraction): string {
  const [run] = precisions
    .flatMap((precision) => results.of(armOf(fraction, precision)));
  const { trainFraction = fraction } = run?.config ?? {};
  return percent(fraction) +
    (trainFraction === fraction ? "" : ` (quick: ${percent(trainFraction)})`);
}

/** Panels of test accuracy over panels of collapse, a column for each share. */
export function precisionPanels(
  results: Results,
  steps: number,
  { peaks, collapse }: PublishedNumbers,
): Chart["panels"] {
  const panel = (
    fraction: Fraction,
    column: "test_accuracy" | "softmax_collapse",
    label: string,
  ): Panel => ({
    title: `${shareText(results, fraction)} of the pairs to train on`,
    x: { label: "step", domain: [0, steps] },
    y: { label, percent: true, domain: [0, 1] },
    series: precisions.map((precision, colour) => ({
      name: `softmax ${precision}`,
      colour,
      points: curve(results, armOf(fraction, precision), column),
    })),
    published: results.scale === "quick"
      ? []
      : precisions.flatMap((precision, colour) => {
        const level = peaks[armOf(fraction, precision)];
        const step = collapse[armOf(fraction, precision)];
        return column === "test_accuracy"
          ? level === undefined ? [] : [{ y: level, colour }]
          : step === undefined
          ? []
          : [{ x: step, y: HALF, colour }];
      }),
  });
  return [
    ...fractions.map((f) => panel(f, "test_accuracy", "test accuracy (%)")),
    ...fractions.map((f) =>
      panel(f, "softmax_collapse", "collapsed train samples (%)")
    ),
  ];
}

/** Rows of the highest test accuracy and of the step of collapse. */
export function precisionRows(
  results: Results,
  { peaks, collapse }: PublishedNumbers,
): Row[] {
  return fractions.flatMap((fraction) =>
    precisions.flatMap((precision) => {
      const arm = armOf(fraction, precision);
      const name = `${shareText(results, fraction)}, ${precision}`;
      const [level, step] = [peaks[arm], collapse[arm]];
      return [
        {
          what: `${name}: highest test accuracy`,
          published: level === undefined
            ? "–"
            : `≈ ${level === 0 ? "0 %" : percent(level)}`,
          measured: measured(
            results,
            arm,
            (run) => most(run, "test_accuracy"),
            percent,
          ),
        },
        {
          what: `${name}: step of 50 % collapse`,
          published: step === undefined
            ? "–"
            : `≈ ${stepText(step)} (read off the plot)`,
          measured: measured(results, arm, halfCollapsed, stepText),
        },
      ];
    })
  );
}

// At both fractions where the network generalises at all.
function atBoth(
  results: Results,
  value: (run: RunRecord) => number | null,
  format: (value: number | null) => string,
  { least = -Infinity, stepped = false } = {},
): Decision {
  const names = [0.6, 0.7].flatMap((fraction) =>
    precisions.map((precision) => armOf(fraction, precision))
  );
  return bySeed(results, names, (...runs) => {
    const values = runs.map(value);
    const [six, seven] = [values.slice(0, 3), values.slice(3)];
    const both = values.every((value) => value !== null && value < least)
      ? [null]
      : [rises(six), rises(seven)];
    return {
      so: allSo(both),
      why: `60 %: ${six.map(format).join(", ")}; ` +
        `70 %: ${seven.map(format).join(", ")}`,
      ...(stepped && {
        steps: runs.map((run, i) => [run.arm, values[i]!] as const),
      }),
    };
  });
}

/** How it is decided that collapse comes later with more precision. */
export const laterCollapse = {
  rule:
    "With 60 % and with 70 % of the pairs, the first evaluation with half " +
    "of the train samples collapsed comes strictly later in float32 than in " +
    "float16, and in float64 than in float32; never is after every step, and " +
    `two nevers say nothing. ${BY_SEED}`,
  decide: (results: Results): Decision =>
    atBoth(results, halfCollapsed, stepText, { stepped: true }),
} as const;

const LEAST = 0.1;

const accuracyText = (value: number | null) => percent(value ?? NaN);

/** How it is decided that more is reached before collapse with more precision. */
export const higherBefore = {
  rule:
    "With 60 % and with 70 % of the pairs, the highest test accuracy up to " +
    "the evaluation at which half of the samples have collapsed (of the whole " +
    "run, where none is) is strictly higher in float32 than in float16, and in " +
    `float64 than in float32; where none of the six reaches ${
      percent(LEAST)
    }, ` +
    `it says nothing. ${BY_SEED}`,
  decide: (results: Results): Decision =>
    atBoth(results, peak, accuracyText, { least: LEAST }),
} as const;

/** How it is decided that peaks are higher with more precision. */
export const higherPeak = {
  rule:
    "With 60 % and with 70 % of the pairs, the highest test accuracy of the " +
    "whole run, before collapse or behind it, is strictly higher in float32 " +
    "than in float16, and in float64 than in float32; where none of the six " +
    `reaches ${percent(LEAST)}, it says nothing. ${BY_SEED}`,
  decide: (results: Results): Decision =>
    atBoth(results, (run) => most(run, "test_accuracy"), accuracyText, {
      least: LEAST,
    }),
} as const;
