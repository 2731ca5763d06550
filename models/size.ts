/**
 * How many numbers the rows of an experiment are on their way through the model,
 * and how many of them are in memory at once.
 *
 * @module
 */

import type { Split } from "../lib/data/dataset.ts";
import type { Model } from "./model.ts";

/** So many numbers of an activation are computed at once, at most. */
export const AT_ONCE = 2 ** 25;

/** From so many on, all rows together, evaluation goes through them in chunks. */
export const WHOLE = 2 ** 26;

/** So many numbers of an activation an evaluation in chunks computes at once. */
export const CHUNK = 2 ** 23;

/** What tells how large an experiment is. */
export interface Sized {
  /** The architecture. */
  readonly model: Model;
  /** The rows to train and to test on. */
  readonly split: Split;
}

/** The numbers of a row's largest activation, its logits among them. */
export function numbersPerRow({ model }: Pick<Sized, "model">): number {
  return model.widest ?? 1;
}

/** How many rows there are to train and to test on. */
export function rowsOf({ split: { train, test, extra } }: Sized): number {
  return [train, test, ...Object.values(extra ?? {})]
    .reduce((sum, { inputs }) => sum + inputs.length, 0);
}

/** Whether an experiment is evaluated in chunks, outside its step. */
export function isLarge(experiment: Sized): boolean {
  return rowsOf(experiment) * numbersPerRow(experiment) > WHOLE;
}

/** Rows from and to, in chunks of at most so many that are nearly equal. */
export function chunksOf(
  n: number,
  most: number,
): [from: number, to: number][] {
  return pieces(n, Math.ceil(n / most));
}

/** So many rows, or whatever it is, in pieces that are nearly equal. */
export function pieces(
  n: number,
  count: number,
): [from: number, to: number][] {
  const end = (i: number) => Math.round(n * i / count);
  return Array.from({ length: count }, (_, i) => [end(i), end(i + 1)]);
}
