/**
 * What several runs came to.
 *
 * @module
 */

import type { Metrics } from "../../metrics/mod.ts";
import { type Spread, spreadOf } from "../../numeric/statistics.ts";
import type { TrainResult } from "../../runs/result.ts";

/** When runs passed a mark, in steps; null where none did. */
export interface Passed {
  /** How many did. */
  readonly runs: number;
  /** The first. */
  readonly first: number | null;
  /** The median of those that did. */
  readonly median: number | null;
  /** The last. */
  readonly last: number | null;
}

/** What several runs came to. */
export interface Band {
  /** How many there are. */
  readonly runs: number;
  /** Train accuracy ≥ 0.99. */
  readonly memorised: Passed;
  /** Test accuracy ≥ 0.99. */
  readonly grokked: Passed;
  /** Each metric at the end, over the runs in which it is defined. */
  readonly final: Metrics<Spread>;
}

/**
 * Sums up how several runs ended.
 *
 * @param results What train() or trainReplicas() gave back, of one run or more.
 */
export function bandOf(results: readonly TrainResult[]): Band {
  const passed = (name: "memorised_at" | "grokked_at"): Passed => {
    const steps = results.map((result) => result[name] ?? NaN);
    const { least: first, median, most: last } = spreadOf(steps);
    const runs = steps.filter(Number.isFinite).length;
    return { runs, first, median, last };
  };
  const metrics = Object.keys(results[0]?.final ?? {});
  return {
    runs: results.length,
    memorised: passed("memorised_at"),
    grokked: passed("grokked_at"),
    final: Object.fromEntries(
      metrics.map((name) => [
        name,
        spreadOf(results.map(({ final }) => final[name]!)),
      ]),
    ) as Metrics<Spread>,
  };
}
