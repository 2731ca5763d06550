/**
 * Measures of learning one task after the other, of the accuracies on all tasks at
 * every evaluation.
 *
 * @module
 */

import { minOf } from "../../base/extremes.ts";

/** The lengths of windows, in evaluations, as the paper has them. */
export const WINDOWS = [10, 100] as const;

/** Accuracies of tasks that were learnt one after the other. */
export interface TaskCurves {
  /**
   * A(E_i, f_t): a row for each task, of as many accuracies in [0, 1] as there are
   * evaluations.
   */
  readonly accuracies: readonly (readonly number[])[];
  /**
   * For each task the place of the first evaluation at which it counts: that of the
   * state before its first update.
   */
  readonly begins: readonly number[];
  /**
   * For each task but the last the place of the evaluation of the state after its
   * last update.
   */
  readonly ends: readonly number[];
}

/**
 * What a sequence of k tasks came to, all in [0, 1] but FORG, which lies in [−1, 1].
 * A(E_i, f_t) is the accuracy on task i after update t, |T_i| the last of task i.
 */
export interface ContinualMeasures {
  /** ACC = 1/k Σ_i A(E_i, f_end). */
  readonly acc: number;
  /** FORG = 1/(k−1) Σ_{i<k} (A(E_i, f_{|T_i|}) − A(E_i, f_end)). */
  readonly forg: number;
  /** min-ACC = 1/(k−1) Σ_{i<k} min_{t > |T_i|} A(E_i, f_t). */
  readonly min_acc: number;
  /** WC-ACC = 1/k A(E_k, f_end) + (1 − 1/k) min-ACC. */
  readonly wc_acc: number;
  /** WF^Δ by Δ: the mean over the tasks of {@link windowedChange}'s fall. */
  readonly wf: Readonly<Record<string, number>>;
  /** WP^Δ by Δ: the mean over the tasks of its rise. */
  readonly wp: Readonly<Record<string, number>>;
}

/**
 * The largest fall and the largest rise of a curve within Δ evaluations that follow
 * each other: max of A_m − A_n, and of A_n − A_m, over m < n < m + Δ; 0 of a curve
 * that never falls, or never rises.
 *
 * @param curve The accuracies.
 * @param window Δ, 2 or more.
 */
export function windowedChange(
  curve: readonly number[],
  window: number,
): { readonly fall: number; readonly rise: number } {
  let [fall, rise] = [0, 0];
  for (const [n, x] of curve.entries()) {
    for (let m = Math.max(n - window + 1, 0); m < n; m++) {
      fall = Math.max(fall, curve[m]! - x);
      rise = Math.max(rise, x - curve[m]!);
    }
  }
  return { fall, rise };
}

/**
 * ACC, FORG, min-ACC, WC-ACC, WF^Δ and WP^Δ of tasks that were learnt one after the
 * other. What counts as the first evaluation of a task is ours: the one before its
 * first update.
 *
 * ```ts
 * import { continualMeasures } from "@groklab/groklab/probes";
 * import { assertEquals } from "@std/assert";
 *
 * // The first task falls to 0.2 while the second is learnt, and comes back.
 * const { min_acc, forg, wc_acc } = continualMeasures({
 *   accuracies: [[0, 1, 0.2, 1], [0, 0, 0.5, 0.8]],
 *   begins: [0, 1],
 *   ends: [1],
 * });
 * assertEquals([min_acc, forg, wc_acc], [0.2, 0, 0.5]);
 * ```
 *
 * Source: De Lange et al. (arXiv 2205.13452), Section 3.
 *
 * @param curves The accuracies.
 * @param windows Δ, each 2 or more.
 * @throws {RangeError} if there are fewer than two tasks, curves of different
 * lengths, no evaluation behind the end of a task, or a window below 2.
 */
export function continualMeasures(
  { accuracies, begins, ends }: TaskCurves,
  windows: readonly number[] = WINDOWS,
): ContinualMeasures {
  const k = accuracies.length;
  const length = accuracies[0]?.length ?? 0;
  const problem = k < 2
    ? `there must be two tasks or more, got ${k}`
    : accuracies.some((curve) => curve.length !== length)
    ? "every task must have an accuracy at each evaluation, got " +
      accuracies.map(({ length }) => length).join(" and ")
    : begins.length !== k || ends.length !== k - 1
    ? `of ${k} tasks there must be ${k} beginnings and ${k - 1} ends, got ` +
      `${begins.length} and ${ends.length}`
    : [...begins, ...ends].some((i) =>
        !Number.isInteger(i) || i < 0 || i >= length - 1
      )
    ? `an evaluation must follow every beginning and end, got ${begins} and ` +
      `${ends} of ${length}`
    : windows.some((window) => !Number.isInteger(window) || window < 2)
    ? `a window must be an integer of 2 or more, got ${windows}`
    : undefined;
  if (problem !== undefined) {
    throw new RangeError(`Cannot measure a sequence of tasks: ${problem}`);
  }
  const last = accuracies.map((curve) => curve.at(-1)!);
  const before = accuracies.slice(0, -1);
  const minAcc = mean(
    before.map((curve, i) => minOf(curve.slice(ends[i]! + 1))),
  );
  const changes = (kind: "fall" | "rise") =>
    Object.fromEntries(windows.map((window) => [
      `${window}`,
      mean(
        accuracies.map((curve, i) =>
          windowedChange(curve.slice(begins[i]!), window)[kind]
        ),
      ),
    ]));
  return {
    acc: mean(last),
    forg: mean(before.map((curve, i) => curve[ends[i]!]! - last[i]!)),
    min_acc: minAcc,
    wc_acc: last[k - 1]! / k + (1 - 1 / k) * minAcc,
    wf: changes("fall"),
    wp: changes("rise"),
  };
}

/**
 * Where a curve is lowest behind a place, and where it is back: the first
 * evaluation from there on with at least a share of what it was at that place. Ours.
 *
 * @param curve The accuracies.
 * @param end The place.
 * @param share How much of it.
 * @returns The places; `back` is null where it does not come back.
 */
export function gapOf(
  curve: readonly number[],
  end: number,
  share: number,
): { readonly lowest: number; readonly back: number | null } {
  const least = minOf(curve.slice(end + 1));
  const lowest = curve.indexOf(least, end + 1);
  const back = curve.findIndex((x, i) =>
    i >= lowest && x >= share * curve[end]!
  );
  return { lowest, back: back < 0 ? null : back };
}

const mean = (values: readonly number[]): number =>
  values.reduce((a, b) => a + b, 0) / values.length;
