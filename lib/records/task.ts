/**
 * What every entry of the record table trains on, and when it counts as having
 * grokked. These are the rules: they were written before the first entry was run.
 *
 * @module
 */

import type { ConfigInput } from "../config/config.ts";
import { THRESHOLD } from "../runs/result.ts";
import type { MetricsRow } from "../runs/run_folder.ts";

/** How many evaluations in a row must be at the threshold. */
export const HELD = 10;

/** Seeds of an entry, 0..63. */
export const SEEDS = 64;

/**
 * A recipe may evaluate every step, or as rarely as gives this many evaluations: what
 * lies between two is not seen.
 */
export const EVALUATIONS = 2000;

/** In the track with a delay: how many times the step of memorising that of grokking is. */
export const DELAY = 5;

/** How large the task of the table is. */
export const MODULUS = 113;

/**
 * What every recipe trains on, and must not have otherwise.
 *
 * @param modulus Another in tests, whose runs say nothing about the table.
 */
export function taskOf(modulus: number): ConfigInput {
  return { task: "add", modulus, trainFraction: 0.4, labelNoise: 0 };
}

/** The longest interval between evaluations that a recipe of so many steps may have. */
export function longestInterval(steps: number): number {
  return Math.max(1, Math.floor(steps / EVALUATIONS));
}

/**
 * The step of the first of {@link HELD} evaluations one after the other with at least
 * 99 %; null where there are none.
 *
 * @param rows A run's evaluations, in order.
 * @param name The accuracy's name.
 */
export function heldFrom(
  rows: readonly MetricsRow[],
  name: "train_accuracy" | "test_accuracy",
): number | null {
  let since: number | null = null;
  let count = 0;
  for (const row of rows) {
    if (!((row[name] ?? 0) >= THRESHOLD)) {
      [since, count] = [null, 0];
      continue;
    }
    since ??= row.step;
    count += 1;
    if (count === HELD) return since;
  }
  return null;
}
