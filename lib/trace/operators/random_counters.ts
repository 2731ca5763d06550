/**
 * What is counted by the counters of random bits: eagerly and in a graph alike.
 *
 * @module
 */

import { whole } from "../../numeric/squares.ts";
import type { Words } from "../../numeric/threefry.ts";

/** Random bits decide in so many levels: sixteen bits each. */
export const LEVELS = 2 ** 16;

/**
 * How far apart counters of squares are from a step to the next: 2⁶⁴ divided by the
 * golden ratio, of whose multiples no two come close (of n of them, none closer than
 * 2⁶⁴/(√5 n)). Counter = purpose + step · STEP_STRIDE + row · ROW_STRIDE + block,
 * modulo 2⁶⁴: with 2¹² rows, steps share no counter before the 2³⁰th, and purposes,
 * which are random words, only by a chance of 2⁻²⁵ or so.
 */
export const STEP_STRIDE = 0x9E3779B97F4A7C15n;

/** From a row to the next: odd, so that all bits of counters change with the row. */
export const ROW_STRIDE = 2n ** 20n + 7n;

/** The counter of a block of two elements, modulo 2⁶⁴. */
export function counterOf(
  purpose: Words,
  step: number,
  row: number,
  block: number,
): bigint {
  const counter = whole(purpose) + BigInt(step) * STEP_STRIDE +
    BigInt(row) * ROW_STRIDE + BigInt(block);
  return BigInt.asUintN(64, counter);
}

/** Elements of a row, two to a counter, that reach no counter of the next. */
export const MOST_IN_A_ROW = 2 ** 21;
