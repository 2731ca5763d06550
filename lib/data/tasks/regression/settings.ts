/**
 * What regressions read, and what they are made with.
 *
 * @module
 */

import {
  integer,
  nullable,
  positive,
  type Setting,
  whereRead,
} from "../../../settings/setting.ts";
import type { Examples } from "../../dataset.ts";

/** The settings of every regression. */
export type RegressionSettings = {
  readonly trainRows: Setting<number>;
  readonly testRows: Setting<number>;
  readonly lossThreshold: Setting<number | null>;
};

/**
 * The loss from which a run of a regression, which has no accuracy, counts as having
 * memorised (of the train rows) or grokked (of the test rows): at the first evaluation
 * with that much or less. Null: nothing is said of either.
 */
export const lossThreshold: Setting<number | null> = whereRead(
  nullable(positive(
    1,
    "<L>",
    "regressions: loss at which train rows count as memorised, test rows as " +
      "grokked (default: neither is said)",
  )),
);

/** How many rows to train on, where they are drawn one by one. */
export const trainRows: Setting<number> = whereRead(
  integer(
    [1, 1_000_000],
    4000,
    "<n>",
    "opposing-signals, spurious-parity, double-mnist: rows to train on " +
      "(default: 4000)",
  ),
);

/** How many rows to test on. */
export const testRows: Setting<number> = whereRead(
  integer(
    [1, 1_000_000],
    1000,
    "<n>",
    "the same, and orthogonal-features: rows to test on (default: 1000)",
  ),
);

/**
 * Rows of a regression: inputs and targets as tensors have them, in float32, so that
 * what a run writes down is what it trains on.
 *
 * @param inputs The rows.
 * @param target What a row is to be given.
 */
export function regressionRows(
  inputs: readonly (readonly number[])[],
  target: (row: readonly number[]) => readonly number[],
): Examples {
  const rows = inputs.map((row) => row.map(Math.fround));
  return {
    inputs: rows,
    labels: [],
    targets: rows.map((row) => target(row).map(Math.fround)),
  };
}
