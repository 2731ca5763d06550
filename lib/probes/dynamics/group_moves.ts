/**
 * Groups of rows by what an update does to their losses, and how they move.
 *
 * @module
 */

import type { Vector } from "../../numeric/lanczos.ts";
import { finite, mean } from "../../numeric/statistics.ts";

/** How two groups of rows move from update to update. */
export interface GroupMoves {
  /** Share of the updates at which their mean losses move in opposite directions. */
  readonly opposition: number;
  /**
   * Share of the updates at which a group's mean loss moves the other way than at the
   * update before, the mean over both groups.
   */
  readonly flips: number;
  /** Mean |change| of a group's mean loss at an update, over both groups. */
  readonly group_change: number;
  /** That over the mean |change| of the mean loss of all rows; null where that is 0. */
  readonly leverage: number | null;
}

/**
 * The rows whose losses rise and fall most from one state to the next.
 *
 * @param before The loss of each row, [n].
 * @param after The same one update later.
 * @param k How many of each, at most n/2.
 */
export function groupsOf(
  before: Vector,
  after: Vector,
  k: number,
): { readonly rising: number[]; readonly falling: number[] } {
  const order = [...before.keys()].sort((i, j) =>
    (after[j]! - before[j]!) - (after[i]! - before[i]!) || i - j
  );
  return { rising: order.slice(0, k), falling: order.slice(-k).reverse() };
}

/** The mean loss of some rows in each state. */
export const curveOf = (
  losses: readonly Vector[],
  rows: readonly number[],
): number[] => losses.map((at) => mean(rows.map((row) => at[row]!)));

/** What each number of a curve adds to the one before it. */
export const changes = (curve: readonly number[]): number[] =>
  curve.slice(1).map((x, i) => x - curve[i]!);

/**
 * How two groups move.
 *
 * @param a The mean loss of one in each state.
 * @param b The same of the other.
 * @param all The mean loss of all rows.
 */
export function movesOf(
  a: readonly number[],
  b: readonly number[],
  all: readonly number[],
): GroupMoves {
  const [da, db] = [changes(a), changes(b)];
  const share = (flags: readonly boolean[]) => mean(flags.map(Number));
  const flips = (d: readonly number[]) =>
    share(d.slice(1).map((x, i) => Math.sign(x) !== Math.sign(d[i]!)));
  const change = mean([...da, ...db].map(Math.abs));
  const total = mean(changes(all).map(Math.abs));
  return {
    opposition: share(da.map((x, i) => x * db[i]! < 0)),
    flips: (flips(da) + flips(db)) / 2,
    group_change: change,
    leverage: total > 0 ? finite(change / total) : null,
  };
}
