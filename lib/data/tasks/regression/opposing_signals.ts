/**
 * A regression whose outliers come in two groups that pull a linear network into
 * opposite directions.
 *
 * @module
 */

import {
  checkOptions,
  type Checks,
  number,
  whole,
} from "../../../base/options.ts";
import type { RandomKey, RandomStream } from "../../../numeric/random.ts";
import {
  fraction,
  integer,
  notNegative,
  type Setting,
  whereRead,
} from "../../../settings/setting.ts";
import { type Dataset, datasetOfParts } from "../../dataset.ts";
import { defineTask, type TaskDefinition } from "../../definition.ts";
import {
  lossThreshold,
  regressionRows,
  type RegressionSettings,
  testRows,
  trainRows,
} from "./settings.ts";

/** The sizes of a regression with opposing outliers. */
export interface OpposingSignalsOptions {
  /** d, how many features the signal has. */
  readonly signalFeatures: number;
  /** M, how far an outlier lies out. */
  readonly outlierSize: number;
  /** p, the share of the rows that are outliers of one sign, below ½. */
  readonly outlierShare: number;
  /** How many rows to train on. */
  readonly trainRows: number;
  /** How many rows to test on. */
  readonly testRows: number;
}

const OPTIONS: Checks<OpposingSignalsOptions> = {
  signalFeatures: whole(1),
  outlierSize: number,
  outlierShare: number,
  trainRows: whole(1),
  testRows: whole(1),
};

/**
 * Rows (x_s, x_o) with target y = 2β·x_s + |x_o|: x_s ∈ ℝᵈ from N(0, I), β the unit
 * vector of d equal numbers, and the last feature x_o = ±M with probability p each,
 * else 0. No linear function fits |x_o|, so what fits the outliers of one sign is
 * wrong of those of the other: their features are large, and their gradients with
 * them, and opposed.
 *
 * Source: Rosenfeld & Risteski (arXiv 2311.04163), the two-layer linear network of
 * their analysis; the unit vector, d, M and p are chosen here.
 *
 * @param options d, M, p and the numbers of rows.
 * @param key The random streams of the data.
 * @returns Rows of d + 1 numbers with a target of one, in parts.
 * @throws {UsageError} if an option is missing, unknown, or not what it must be.
 * @throws {RangeError} if 2p is no probability below 1.
 */
export function opposingSignals(
  options: OpposingSignalsOptions,
  key: RandomKey,
): Dataset {
  const all = ["signalFeatures", "outlierSize", "outlierShare"] as const;
  checkOptions("opposingSignals()", options, OPTIONS, [
    ...all,
    "trainRows",
    "testRows",
  ]);
  const { signalFeatures: d, outlierSize: M, outlierShare: p } = options;
  if (!(p > 0 && p < 0.5)) {
    throw new RangeError(
      `Cannot draw outliers of two signs with probability ${p} each: it must ` +
        "lie in (0, 0.5)",
    );
  }
  const beta = 1 / Math.sqrt(d);
  const part = (count: number, stream: RandomStream) => {
    const inputs = Array.from({ length: count }, () => {
      const signal = Array.from({ length: d }, () => stream.normal());
      const u = stream.uniform();
      return [...signal, u < p ? M : u < 2 * p ? -M : 0];
    });
    return regressionRows(inputs, (row) => {
      const along = row.slice(0, d).reduce((sum, x) => sum + beta * x, 0);
      return [2 * along + Math.abs(row[d]!)];
    });
  };
  return datasetOfParts({
    train: part(options.trainRows, key("data/train")),
    test: part(options.testRows, key("data/test")),
  }, 1);
}

/** The settings of the regression with opposing outliers. */
export type OpposingSignalsSettings = RegressionSettings & {
  readonly signalFeatures: Setting<number>;
  readonly outlierSize: Setting<number>;
  readonly outlierShare: Setting<number>;
};

/** The regression with opposing outliers as a config names it. */
export const opposingSignalsTask: TaskDefinition<OpposingSignalsSettings> =
  defineTask({
    summary: "regression with two groups of opposing outliers",
    settings: {
      signalFeatures: whereRead(integer(
        [1, 4096],
        10,
        "<d>",
        "opposing-signals: features of the signal (default: 10)",
      )),
      outlierSize: whereRead(notNegative(
        10,
        "<M>",
        "opposing-signals: the last feature of an outlier is ±M (default: 10)",
      )),
      outlierShare: whereRead(fraction(
        0.01,
        "<p>",
        "opposing-signals: share of the outliers of each sign (default: 0.01)",
      )),
      trainRows,
      testRows,
      lossThreshold,
    },
    check: ({ outlierShare: p }) =>
      p < 0.5
        ? undefined
        : `--outlier-share must be below 0.5, as there are outliers of two ` +
          `signs, got ${p}`,
    form: ({ signalFeatures: d }) => ({
      input: { kind: "numbers", width: d + 1, name: "features" },
      classes: 1,
      regression: true,
    }),
    dataset: (config, key) => {
      const { signalFeatures, outlierSize, outlierShare } = config;
      const { trainRows, testRows } = config;
      const sizes = { signalFeatures, outlierSize, outlierShare };
      return opposingSignals({ ...sizes, trainRows, testRows }, key);
    },
    describe: ({ signalFeatures, outlierSize }) =>
      `regression of ${signalFeatures} features with outliers of ±${outlierSize}`,
  });
