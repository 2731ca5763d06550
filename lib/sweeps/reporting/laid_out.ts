/**
 * Which keys are axes of a report's maps.
 *
 * @module
 */

import { UsageError } from "../../base/errors.ts";
import type { SweepRecord, SweepRecords } from "../collecting/records.ts";
import {
  axisOf,
  numberText,
  type SweepAxis,
  textOf,
  valuesOf,
} from "../summaries/axes.ts";
import { type Cell, cellsOf, SEEDS } from "../summaries/cells.ts";
import { shownValue } from "../../report/runs.ts";
import type { SweepReportOptions } from "./options.ts";

/** More maps of a measure than these are made only if they are asked for. */
const MOST_PANELS = 12;

/** Runs laid out for maps. */
export interface LaidOut {
  /** The runs that are looked at. */
  readonly records: readonly SweepRecord[];
  /** The keys in which they differ. */
  readonly varying: readonly string[];
  /** Along; undefined where nothing but seeds varies. */
  readonly x: SweepAxis | undefined;
  /** Up; undefined where nothing else varies. */
  readonly y: SweepAxis | undefined;
  /** What tells the panels apart. */
  readonly by: readonly SweepAxis[];
  /** The panels, in order: the first key changes fastest. */
  readonly panels: readonly Panel[];
  /** All cells, panel by panel, row by row. */
  readonly cells: readonly Cell[];
  /** The keys, seeds aside, over which some cell pools. */
  readonly pooled: readonly string[];
  /** Keys that change as another one does, which stands for them. */
  readonly together: readonly (readonly [key: string, as: string])[];
}

/** A panel of every map. */
export interface Panel {
  /** What its runs have in common. */
  readonly title: string;
  /** Its cells. */
  readonly cells: readonly Cell[];
}

/**
 * Lays the runs of a sweep out: as the options say, else along the keys of the most
 * values.
 *
 * @throws {UsageError} if a key is none in which runs differ, or is said twice, or no
 * run has a value that is asked for.
 */
export function laidOut(
  sweep: SweepRecords,
  options: SweepReportOptions = {},
): LaidOut {
  const records = only(sweep, options.at ?? {});
  const varying = sweep.varying.filter((key) =>
    valuesOf(records, key).length > 1
  );
  checkAsked(records, varying, options);
  const { free, together } = independent(records, varying);
  const sizes = new Map(free.map((key) => [key, valuesOf(records, key)]));
  const numeric = (key: string) =>
    sizes.get(key)!.every((value) => typeof value === "number");
  const asked = [options.x, options.y, ...options.by ?? []];
  const stands = (key: string) =>
    together.find(([other]) => other === key)?.[1] ?? key;
  const taken = asked.filter((key) => key !== undefined).map(stands);
  const queue = free.filter((key) => !taken.includes(key)).sort((a, b) =>
    sizes.get(b)!.length - sizes.get(a)!.length ||
    Number(numeric(b)) - Number(numeric(a))
  );
  const axis = (key: string | undefined) =>
    key === undefined ? undefined : axisOf(records, key);
  const x = axis(options.x ?? queue.shift());
  const y = axis(options.y ?? queue.shift());
  const by = (options.by ?? fitting(records, queue)).map((key) =>
    axisOf(records, key)
  );
  const axes = [x, y].filter((axis) => axis !== undefined);
  const cells = cellsOf(
    records,
    [...by.toReversed(), ...axes.toReversed()],
    varying,
  )
    .sort((a, b) => compared(a.at, b.at));
  return {
    records,
    varying,
    x,
    y,
    by,
    panels: panelsOf(cells, by),
    cells,
    pooled: [...new Set(cells.flatMap(({ pools }) => pools))],
    together,
  };
}

function compared(a: readonly number[], b: readonly number[]): number {
  const i = a.findIndex((at, i) => at !== b[i]);
  return i < 0 ? 0 : a[i]! - b[i]!;
}

/** The column of a cell, and its row from below. */
export function placeIn({ x, y }: LaidOut, { at }: Cell): [number, number] {
  const last = at.at(-1) ?? 0;
  return [x ? last : 0, y ? (x ? at.at(-2)! : last) : 0];
}

function panelsOf(
  cells: readonly Cell[],
  by: readonly SweepAxis[],
): Panel[] {
  const panels = new Map<string, Cell[]>();
  for (const cell of cells) {
    const name = cell.at.slice(0, by.length).join(" ");
    panels.set(name, [...panels.get(name) ?? [], cell]);
  }
  return [...panels.values()].map((cells) => ({
    title: by.map((axis) => axis.levels[axis.of(cells[0]!.records[0]!)]!.text)
      .join(", "),
    cells,
  }));
}

// The runs that have one of the values that are asked for.
function only(
  { records, varying }: SweepRecords,
  at: Readonly<Record<string, readonly unknown[]>>,
): readonly SweepRecord[] {
  for (const [key, values] of Object.entries(at)) {
    checkVaries(records, varying, "at", key);
    const wanted = values.map(textOf);
    const found = valuesOf(records, key);
    const unknown = values.find((value) =>
      !found.some((other) => textOf(other) === textOf(value))
    );
    if (unknown !== undefined) {
      throw new UsageError(
        `at ${key} must be a value that a run has, got ` +
          `${shownValue(unknown)}: there are ${few(found)}`,
      );
    }
    records = records.filter(({ values }) =>
      wanted.includes(textOf(values[key]))
    );
  }
  if (records.length > 0) return records;
  throw new UsageError(
    "Cannot report on no runs: none has all the values that at names",
  );
}

const few = (values: readonly unknown[]) =>
  values.slice(0, 8).map((value) =>
    typeof value === "number" ? numberText(value) : shownValue(value)
  ).join(", ") + (values.length > 8 ? ", …" : "");

function checkAsked(
  records: readonly SweepRecord[],
  varying: readonly string[],
  { x, y, by = [] }: SweepReportOptions,
): void {
  const said = new Map<string, string>();
  const named = [["x", x], ["y", y], ...by.map((key) => ["by", key])] as const;
  for (const [what, key] of named) {
    if (key === undefined) continue;
    checkVaries(records, varying, what!, key);
    const before = said.get(key);
    if (before !== undefined) {
      throw new UsageError(
        `${key} must be one axis, got it as ${before} and as ${what}`,
      );
    }
    said.set(key, what!);
  }
}

function checkVaries(
  records: readonly SweepRecord[],
  varying: readonly string[],
  what: string,
  key: string,
): void {
  if (varying.includes(key)) return;
  const known = records[0]!.values[key];
  throw new UsageError(
    `${what} must be a key in which the runs differ, got ${key}` +
      (known === undefined ? "" : `, of which all have ${shownValue(known)}`) +
      (varying.length === 0
        ? ": there is none"
        : `: choose from ${varying.join(", ")}`),
  );
}

// Keys without seeds, and without those that change only as another one does: of
// these one is enough, the others hold what it holds.
function independent(
  records: readonly SweepRecord[],
  varying: readonly string[],
): { free: string[]; together: [string, string][] } {
  const free: string[] = [];
  const together: [string, string][] = [];
  for (const key of varying) {
    if (SEEDS.includes(key)) continue;
    const as = free.find((other) => sameParts(records, key, other));
    if (as === undefined) free.push(key);
    else together.push([key, as]);
  }
  return { free, together };
}

// Whether each value of one has a single value of the other, and of numbers the
// larger has the larger, or the smaller, throughout: random draws of two keys are
// never equal, either, and are two axes all the same.
function sameParts(
  records: readonly SweepRecord[],
  a: string,
  b: string,
): boolean {
  const pairs = new Map<string, readonly [unknown, unknown]>();
  const [ofA, ofB] = [new Set<string>(), new Set<string>()];
  for (const { values } of records) {
    const [left, right] = [textOf(values[a]), textOf(values[b])];
    ofA.add(left);
    ofB.add(right);
    pairs.set(`${left} ${right}`, [values[a], values[b]]);
  }
  if (pairs.size !== ofA.size || pairs.size !== ofB.size) return false;
  const found = [...pairs.values()];
  const numbers = found.filter((pair): pair is [number, number] =>
    pair.every((value) => typeof value === "number")
  ).sort(([x], [y]) => x - y);
  if (numbers.length < found.length) return true;
  const rises = numbers.slice(1).map(([, y], i) => y > numbers[i]![1]);
  return new Set(rises).size <= 1;
}

// As many of the keys as there is room for panels.
function fitting(
  records: readonly SweepRecord[],
  keys: readonly string[],
): string[] {
  const taken: string[] = [];
  for (const key of keys) {
    const axes = [...taken, key].map((key) => axisOf(records, key));
    const panels = new Set(
      records.map((record) => axes.map((axis) => axis.of(record)).join(" ")),
    );
    if (panels.size <= MOST_PANELS) taken.push(key);
  }
  return taken;
}
