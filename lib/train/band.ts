/**
 * What several runs came to.
 *
 * @module
 */

import type { TrainResult } from "./recorder.ts";

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
  /** Test accuracy at the end. */
  readonly test_accuracy: {
    readonly least: number;
    readonly median: number;
    readonly most: number;
  };
}

/** Sums up how several runs ended. */
export function bandOf(results: readonly TrainResult[]): Band {
  const sorted = (values: readonly (number | null)[]) =>
    values.filter((x) => x !== null).sort((a, b) => a - b);
  // Of an even number the mean of the two in the middle.
  const median = (values: readonly number[]) => {
    const half = Math.floor(values.length / 2);
    return values.length % 2 === 1
      ? values[half]!
      : (values[half - 1]! + values[half]!) / 2;
  };
  const passed = (name: "memorised_at" | "grokked_at"): Passed => {
    const steps = sorted(results.map((result) => result[name]));
    return {
      runs: steps.length,
      first: steps[0] ?? null,
      median: steps.length > 0 ? median(steps) : null,
      last: steps.at(-1) ?? null,
    };
  };
  const accuracy = sorted(results.map(({ final }) => final.test_accuracy));
  return {
    runs: results.length,
    memorised: passed("memorised_at"),
    grokked: passed("grokked_at"),
    test_accuracy: {
      least: accuracy[0]!,
      median: median(accuracy),
      most: accuracy.at(-1)!,
    },
  };
}
