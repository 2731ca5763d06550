/**
 * Runs by cells: what is said of all that lie in one.
 *
 * @module
 */

import { median } from "../../numeric/statistics.ts";
import { saysGrokking } from "../../runs/result.ts";
import type { RunState, SweepRecord } from "../collecting/records.ts";
import { STATES } from "../collecting/records.ts";
import { type SweepAxis, textOf } from "./axes.ts";
import {
  type CensoredMedian,
  censoredMedian,
  type Interval,
  wilson,
} from "./estimates.ts";
import { delaying, grokking } from "./outcomes.ts";

/** The keys that only tell draws of the same thing apart. */
export const SEEDS: readonly string[] = ["seed", "dataSeed"];

/** What is said of some runs. */
export interface Summary {
  /** How many there are, by how they stand. */
  readonly counts: Readonly<Record<RunState, number>>;
  /** Those of which the outcome is known: done or diverged. */
  readonly known: number;
  /** Those of them that memorised. */
  readonly memorised: number;
  /** Those of them that grokked. */
  readonly grokked: number;
  /** The share of those that are known which grokked; null where none is done. */
  readonly share: number | null;
  /** Wilson's interval of it, 95 %. */
  readonly interval: Interval | null;
  /** The step by which half of those that are known had grokked. */
  readonly grokkedAt: CensoredMedian;
  /** After how many steps half of those that memorised had grokked. */
  readonly delay: CensoredMedian;
  /** Median of the test accuracy at the end, of those that are done. */
  readonly testAccuracy: number | null;
  /** Median of the share of train rows in Softmax Collapse at the end, likewise. */
  readonly collapse: number | null;
  /** Median of the train loss at the end, likewise. */
  readonly trainLoss: number | null;
  /** Median of the test loss at the end, likewise. */
  readonly testLoss: number | null;
}

/** Runs that lie together. */
export interface Cell {
  /** Where along each axis, counted from 0. */
  readonly at: readonly number[];
  /** The runs, in the order of the plan. */
  readonly records: readonly SweepRecord[];
  /** What is said of them. */
  readonly summary: Summary;
  /** The keys that are not seeds in which its runs differ all the same. */
  readonly pools: readonly string[];
}

/**
 * Runs in cells along some axes; only cells with runs are there, in the order in
 * which the plan comes to them.
 *
 * @param records The runs.
 * @param axes The axes.
 * @param varying The keys in which the runs differ.
 */
export function cellsOf(
  records: readonly SweepRecord[],
  axes: readonly SweepAxis[],
  varying: readonly string[],
): Cell[] {
  const groups = new Map<string, { at: number[]; records: SweepRecord[] }>();
  for (const record of records) {
    const at = axes.map((axis) => axis.of(record));
    const name = at.join(" ");
    const group = groups.get(name) ?? { at, records: [] };
    group.records.push(record);
    groups.set(name, group);
  }
  return [...groups.values()].map(({ at, records }) => ({
    at,
    records,
    summary: summaryOf(records),
    pools: varying.filter((key) =>
      !SEEDS.includes(key) && differs(records, key)
    ),
  }));
}

/** Whether some runs differ in a key. */
function differs(records: readonly SweepRecord[], key: string): boolean {
  const [first, ...others] = records;
  const text = textOf(first?.values[key]);
  return others.some(({ values }) => textOf(values[key]) !== text);
}

/**
 * What is said of some runs. Those that failed, are trained or wait say nothing of
 * grokking. One that diverged ended without having grokked, unless it had before; it
 * has no measures at the end. Where none is done and none grokked nothing is said of
 * the share: that all diverged is no share of 0.
 */
export function summaryOf(records: readonly SweepRecord[]): Summary {
  const counts = Object.fromEntries(
    STATES.map((state) => [
      state,
      records.filter((record) => record.state === state).length,
    ]),
  ) as Record<RunState, number>;
  const results = records.flatMap(({ ended }) => ended?.result ?? [])
    .filter(saysGrokking);
  const grokked = results.filter(({ grokked_at }) => grokked_at !== null);
  const known = results.length;
  const said = known > 0 && (counts.done > 0 || grokked.length > 0);
  return {
    counts,
    known,
    memorised: results.filter(({ memorised_at }) => memorised_at !== null)
      .length,
    grokked: grokked.length,
    share: said ? grokked.length / known : null,
    interval: said ? wilson(grokked.length, known) : null,
    grokkedAt: said
      ? censoredMedian(records.flatMap((record) => grokking(record) ?? []))
      : NONE,
    delay: said
      ? censoredMedian(records.flatMap((record) => delaying(record) ?? []))
      : NONE,
    testAccuracy: middle(records, "test_accuracy"),
    collapse: middle(records, "softmax_collapse"),
    trainLoss: middle(records, "train_loss"),
    testLoss: middle(records, "test_loss"),
  };
}

const NONE: CensoredMedian = { at: null, over: null };

function middle(records: readonly SweepRecord[], name: string): number | null {
  const values = records.filter(({ state }) => state === "done")
    .flatMap(({ ended }) => {
      const value = (ended?.result?.final as
        | Readonly<Record<string, unknown>>
        | undefined)?.[name];
      return typeof value === "number" && Number.isFinite(value) ? [value] : [];
    });
  return values.length === 0 ? null : median(values);
}
