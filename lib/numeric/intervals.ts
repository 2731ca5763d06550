/**
 * Intervals of what some draws say of all there could be.
 *
 * @module
 */

import { randomKey } from "./random.ts";

/** How to resample. */
export interface BootstrapOptions {
  /** How often; 10,000 if left out. */
  readonly resamples?: number;
  /** Seed of the draws; 0 if left out. */
  readonly seed?: number;
}

/**
 * The bootstrap's interval of 95 % by percentiles: as many of the values as there are
 * are drawn from them, with replacement, 10,000 times; the interval goes from the
 * 2.5th to the 97.5th percentile of what the statistic is of these. B. Efron and R. J.
 * Tibshirani, "An Introduction to the Bootstrap" (1993), 13.3.
 *
 * Its ends are values of the statistic, none between two of them, so that they may be
 * infinite where the statistic may: a median of times of which some never came.
 *
 * @param values The draws; at least one.
 * @param statistic What is asked of them.
 * @param options How often, and the seed.
 * @returns NaN twice of no values.
 */
export function bootstrapInterval(
  values: readonly number[],
  statistic: (values: readonly number[]) => number,
  { resamples = 10_000, seed = 0 }: BootstrapOptions = {},
): [low: number, high: number] {
  const n = values.length;
  if (n === 0) return [NaN, NaN];
  const stream = randomKey(seed)("bootstrap");
  const found = Array.from(
    { length: resamples },
    () =>
      statistic(Array.from({ length: n }, () => values[stream.integer(n)]!)),
  ).sort((a, b) => a < b ? -1 : a > b ? 1 : 0);
  return [
    found[Math.floor(0.025 * resamples)]!,
    found[Math.ceil(0.975 * resamples) - 1]!,
  ];
}
