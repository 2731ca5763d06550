/**
 * The axes of a sweep: which values a key has, in which order, and how they are
 * spaced.
 *
 * @module
 */

import { maxOf, minOf } from "../../base/extremes.ts";
import type { SweepRecord } from "../collecting/records.ts";
import { shownValue } from "../../report/runs.ts";

/** A value of an axis, or values that lie side by side. */
export interface Level {
  /** What stands at it. */
  readonly label: string;
  /** What it is in a sentence, where the label has no room for that. */
  readonly text: string;
}

/** A key of the config along which runs are laid out. */
export interface SweepAxis {
  /** The key. */
  readonly key: string;
  /** Its levels: numbers rise, other values are in the order of the plan. */
  readonly levels: readonly Level[];
  /** How many values lie in them. */
  readonly values: number;
  /** Whether its numbers lie evenly by their logarithms. */
  readonly log: boolean;
  /** Whether a level may hold several values. */
  readonly binned: boolean;
  /** The level of a run, counted from 0. */
  of(record: SweepRecord): number;
}

/** More numbers than these are put into bins. */
export const MOST_LEVELS = 24;
const BINS = 12;

/** A value as text, the same of equal values. */
export const textOf = (value: unknown): string => JSON.stringify(value ?? null);

/** How often each value of a key is there, in the order of the plan. */
export function valuesOf(
  records: readonly SweepRecord[],
  key: string,
): unknown[] {
  const found = new Map<string, unknown>();
  for (const { values } of records) {
    const text = textOf(values[key]);
    if (!found.has(text)) found.set(text, values[key] ?? null);
  }
  return [...found.values()];
}

const isNumber = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(value);

/**
 * Lays runs out along a key.
 *
 * @param records The runs.
 * @param key The key.
 */
export function axisOf(
  records: readonly SweepRecord[],
  key: string,
): SweepAxis {
  const found = valuesOf(records, key);
  const numbers = found.filter(isNumber).sort((a, b) => a - b);
  const numeric = numbers.length === found.length;
  const log = numeric && isLog(numbers);
  if (numeric && numbers.length > MOST_LEVELS) return binned(key, numbers, log);
  const order = (numeric ? numbers : found).map(textOf);
  const at = new Map(order.map((text, i) => [text, i]));
  const labels = labelsOf(numeric ? numbers : found);
  return {
    key,
    levels: labels.map((label) => ({ label, text: `${key} ${label}` })),
    values: found.length,
    log,
    binned: false,
    of: ({ values }) => at.get(textOf(values[key]))!,
  };
}

// Numbers in full where they are the same in few digits.
function labelsOf(values: readonly unknown[]): string[] {
  const labels = values.map((value) =>
    isNumber(value) ? numberText(value) : shownValue(value)
  );
  return new Set(labels).size === labels.length
    ? labels
    : values.map((value) => isNumber(value) ? String(value) : textOf(value));
}

/**
 * Whether numbers, which rise, lie more evenly by their logarithms than as they are.
 * Of two nobody can tell.
 */
export function isLog(numbers: readonly number[]): boolean {
  if (numbers.length < 3 || numbers[0]! <= 0) return false;
  return unevenness(numbers.map(Math.log)) < unevenness(numbers);
}

// How far the farthest is from where it were if all lay evenly.
function unevenness(numbers: readonly number[]): number {
  const [least, most] = [numbers[0]!, numbers.at(-1)!];
  return maxOf(
    numbers.map((x, i) =>
      Math.abs((x - least) / (most - least) - i / (numbers.length - 1))
    ),
  );
}

// As many bins of the same width, from the least number to the largest.
function binned(
  key: string,
  numbers: readonly number[],
  log: boolean,
): SweepAxis {
  const [to, from] = log ? [Math.log, Math.exp] : [Number, Number];
  const [least, most] = [to(minOf(numbers)), to(maxOf(numbers))];
  const edges = Array.from(
    { length: BINS + 1 },
    (_, i) => from(least + (most - least) * i / BINS),
  );
  const round = (x: number) => numberText(Number(x.toPrecision(2)));
  return {
    key,
    levels: edges.slice(0, -1).map((edge, i) => ({
      label: round(edge),
      text: `${key} ${round(edge)} to ${round(edges[i + 1]!)}`,
    })),
    values: numbers.length,
    log,
    binned: true,
    of({ values }) {
      const share = (to(values[key] as number) - least) / (most - least);
      return Math.min(BINS - 1, Math.floor(BINS * share));
    },
  };
}

/** A number as axes have it: 0.001, 1e-8, 20000. */
export function numberText(value: number): string {
  const size = Math.abs(value);
  const text = size > 0 && size < 1e-4
    ? Number(value.toPrecision(4)).toExponential()
    : String(value).length <= 6
    ? String(value)
    : value.toPrecision(4).replace(/\.?0+(?=e|$)/, "");
  return text.replace("e+", "e");
}
