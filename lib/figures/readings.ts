/**
 * From records to what charts, tables and rules need: curves of several seeds
 * with their band, numbers of a curve, and these in words.
 *
 * @module
 */

import { maxOf, minOf } from "../base/extremes.ts";
import { percent as percentOf } from "../base/terminal.ts";
import type { Point, Series } from "../charts/chart.ts";
import type { Results, Row, RunRecord } from "./figure.ts";
import { median } from "../numeric/statistics.ts";

/** A column of a record as numbers; NaN where it is not defined. */
export function column(record: RunRecord, name: string): number[] {
  const values = record.columns[name];
  if (values) return values.map((value) => value ?? NaN);
  throw new RangeError(
    `Cannot read ${name}: the figure records ` +
      Object.keys(record.columns).join(", "),
  );
}

/** The steps of a record's rows. */
export function steps(record: RunRecord): number[] {
  return column(record, "step");
}

/** The first recorded step at which a column is at or above a mark, or null. */
export function firstAtLeast(
  record: RunRecord,
  name: string,
  mark: number,
): number | null {
  const i = column(record, name).findIndex((value) => value >= mark);
  return i < 0 ? null : steps(record)[i]!;
}

/** The defined values of a column between two steps, these included. */
export function within(
  record: RunRecord,
  name: string,
  from: number = 0,
  until: number = Infinity,
): number[] {
  const at = steps(record);
  return column(record, name).filter((value, i) =>
    Number.isFinite(value) && at[i]! >= from && at[i]! <= until
  );
}

/** The largest value of a column between two steps; NaN of none. */
export function most(
  record: RunRecord,
  name: string,
  until: number = Infinity,
  from: number = 0,
): number {
  const values = within(record, name, from, until);
  return values.length === 0 ? NaN : maxOf(values);
}

/**
 * What a figure measured of a run, as the function of that name in its `measures`
 * made it.
 */
export function measureOf<T>(record: RunRecord, name: string): T {
  const measure: unknown = record.measures[name];
  return measure as T;
}

/** From which test accuracy on a network groks, where a claim asks whether it does. */
export const GROKS = 0.95;

/** The last value of a column. */
export function last(record: RunRecord, name: string): number {
  return column(record, name).at(-1) ?? NaN;
}

/** A column at the recorded step nearest to one; NaN behind the run's end. */
export function near(record: RunRecord, name: string, step: number): number {
  const at = steps(record);
  if (step > record.steps) return NaN;
  let best = 0;
  at.forEach((s, i) => {
    if (Math.abs(s - step) < Math.abs(at[best]! - step)) best = i;
  });
  return column(record, name)[best] ?? NaN;
}

/**
 * The curve of an arm: medians over the seeds, and a band from least to most. Of
 * runs that ended early the others go on without them.
 *
 * @param results The runs.
 * @param arm Which.
 * @param name The column of y.
 * @param x The column of x.
 */
export function curve(
  results: Results,
  arm: string,
  name: string,
  x = "step",
): Point[] {
  const runs = results.of(arm);
  if (runs.length === 1) {
    const y = column(runs[0]!, name);
    return column(runs[0]!, x).map((x, i) => ({ x, y: y[i]! }));
  }
  const all = runs.map((run) => {
    const y = column(run, name);
    const at = column(run, x);
    return { end: maxOf(at), at: new Map(at.map((x, i) => [x, y[i]!])) };
  });
  const xs = [...new Set(all.flatMap(({ at }) => [...at.keys()]))]
    .sort((a, b) => a - b);
  return xs.flatMap((x) => {
    const going = all.filter(({ end }) => end >= x);
    if (!going.every(({ at }) => at.has(x))) return [];
    const ys = going.map(({ at }) => at.get(x)!).filter(Number.isFinite);
    if (ys.length === 0) return [{ x, y: NaN }];
    return [{
      x,
      y: median(ys),
      low: minOf(ys),
      high: maxOf(ys),
    }];
  });
}

/** The curve of each run by itself: for x that differs between seeds. */
export function curves(
  results: Results,
  arm: string,
  name: string,
  x: string,
  style: Omit<Series, "points">,
): Series[] {
  return results.of(arm).map((run) => {
    const y = column(run, name);
    return {
      ...style,
      points: column(run, x).map((x, i) => ({ x, y: y[i]! })),
    };
  });
}

/** A share in words, "29 %", as {@link percentOf} has it with two figures. */
export function percent(x: number): string {
  return percentOf(x, x >= 0.1 ? 0 : 1);
}

/** Numbers that only runs have which memorise, in words. */
export function ifMemorised(
  format: (x: number) => string,
): (x: number) => string {
  return (x) => Number.isFinite(x) ? format(x) : "not memorised";
}

/** A number, rounded to a whole one, in words: "2,100". */
export function wholeText(x: number): string {
  return Math.round(x).toLocaleString("en-US");
}

/** A step in words, "2,100"; null is never. */
export function stepText(step: number | null): string {
  return step === null || !Number.isFinite(step) ? "never" : wholeText(step);
}

/** What stands where there is no run yet. */
export const NOT_RUN = "not run";

/**
 * A number of each run in words: the median, with the least and the most.
 *
 * @param results The runs.
 * @param arm Which.
 * @param value The number; null and NaN stand for never, after everything.
 * @param format What a number looks like; never is Infinity.
 */
export function measured(
  results: Results,
  arm: string,
  value: (record: RunRecord) => number | null,
  format: (x: number) => string,
): string {
  const values = results.of(arm).map((run) => {
    const x = value(run);
    return x === null || Number.isNaN(x) ? Infinity : x;
  });
  if (values.length === 0) return NOT_RUN;
  const middle = format(median(values));
  if (values.length === 1) return middle;
  const [least, greatest] = [minOf(values), maxOf(values)];
  return least === greatest
    ? middle
    : `${middle} (${format(least)} to ${format(greatest)})`;
}

/**
 * Rows of an arm's test accuracy at steps, beside what is published there.
 *
 * @param results The runs.
 * @param arm Which.
 * @param label What it is called in the table.
 * @param published Steps, and the published accuracy in words.
 */
export function accuracyAt(
  results: Results,
  arm: string,
  label: string,
  published: readonly (readonly [step: number, accuracy: string])[],
): Row[] {
  return published.map(([step, accuracy]) => ({
    what: `${label}: test accuracy at ${stepText(step)}`,
    published: accuracy,
    measured: measured(
      results,
      arm,
      (run) => near(run, "test_accuracy", step),
      percent,
    ),
  }));
}
