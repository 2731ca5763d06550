/**
 * What came of a run.
 *
 * @module
 */

import type { Config } from "../../../lib/config/config.ts";

/** One run of the phase diagram. */
export interface Outcome {
  /** "softmax", "softmax, ⊥Grad" or "StableMax". */
  readonly loss: string;
  readonly precision: string;
  readonly share: number;
  readonly lr: number;
  readonly seed: number;
  /** Whether 99 % of the train rows were right at some evaluation. */
  readonly memorised: boolean;
  /** Whether at the last, half of the train rows or more had a loss of exactly 0. */
  readonly collapsed: boolean;
  /** The first evaluated step at which they had. */
  readonly collapsedAt: number | null;
  /** Test accuracy, the most of all evaluations and that of the last. */
  readonly best: number;
  readonly end: number;
}

/** A line of `metrics.jsonl`, as far as it is read here. */
export interface Row {
  readonly step: number;
  readonly train_accuracy: number | null;
  readonly test_accuracy: number | null;
  readonly zero_terms: number | null;
}

/** What came of a run with these evaluations; a number that is missing counts as 0. */
export function outcomeOf(
  config: Pick<
    Config,
    "loss" | "perpGrad" | "lossPrecision" | "trainFraction" | "lr" | "seed"
  >,
  rows: readonly Row[],
): Outcome {
  const test = rows.map((row) => row.test_accuracy ?? 0);
  const stuck = rows.map((row) => (row.zero_terms ?? 0) >= 0.5);
  const first = stuck.indexOf(true);
  return {
    loss: config.loss === "stablemax"
      ? "StableMax"
      : config.perpGrad
      ? "softmax, ⊥Grad"
      : "softmax",
    precision: config.lossPrecision,
    share: config.trainFraction,
    lr: config.lr,
    seed: config.seed,
    memorised: rows.some((row) => (row.train_accuracy ?? 0) >= 0.99),
    collapsed: stuck.at(-1) ?? false,
    collapsedAt: rows[first]?.step ?? null,
    best: test.reduce((most, accuracy) => Math.max(most, accuracy), 0),
    end: test.at(-1) ?? 0,
  };
}
