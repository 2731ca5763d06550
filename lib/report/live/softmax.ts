/**
 * Softmax in three precisions, as float arithmetic does it.
 *
 * @module
 */

import { maxOf } from "../../base/extremes.ts";

/** The precisions of a softmax. */
export type Precision = "float16" | "float32" | "float64";

/** The precisions, the coarsest first. */
export const PRECISIONS: readonly Precision[] = [
  "float16",
  "float32",
  "float64",
];

/** What rounds a number to each precision. */
const ROUND: Readonly<Record<Precision, (x: number) => number>> = {
  float16: Math.f16round,
  float32: Math.fround,
  float64: (x) => x,
};

/**
 * Σ exp(zₖ − max z) of a row of logits over a temperature, rounded as a precision
 * rounds: logits, quotients, differences, exponentials and sum; float16 adds in
 * float32. NaN where a logit is infinite in that precision.
 *
 * @param logits A row.
 * @param precision Where the sum is taken.
 * @param temperature What the loss divides logits by.
 */
export function sumOfExponentials(
  logits: ArrayLike<number>,
  precision: Precision,
  temperature = 1,
): number {
  const round = ROUND[precision];
  const add = precision === "float64" ? ROUND.float64 : ROUND.float32;
  const z = Array.from(logits, (x) => round(round(x) / temperature));
  const largest = maxOf(z);
  let sum = 0;
  for (const x of z) sum = add(sum + round(Math.exp(round(x - largest))));
  return round(sum);
}

/**
 * Whether a row is in Softmax Collapse: Σ exp(zₖ − max z) is exactly 1.
 *
 * Source: Prieto et al. (arXiv 2501.04697), Section 3.
 */
export function collapses(
  logits: ArrayLike<number>,
  precision: Precision,
  temperature = 1,
): boolean {
  return sumOfExponentials(logits, precision, temperature) === 1;
}

/** The place of the largest of some numbers; of equal ones the first. */
export function argMax(xs: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < xs.length; i++) if (xs[i]! > xs[best]!) best = i;
  return best;
}

/** The softmax of a row at a class, and −log of it, in float64. */
export function probability(
  logits: ArrayLike<number>,
  at: number,
  temperature = 1,
): { readonly p: number; readonly loss: number } {
  const behind = (maxOf(Array.from(logits)) - logits[at]!) / temperature;
  const sum = sumOfExponentials(logits, "float64", temperature);
  const loss = behind + Math.log(sum);
  return { p: Math.exp(-loss), loss };
}
