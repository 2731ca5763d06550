/**
 * Which rows swing in a slingshot, and whether they are those that generalise last.
 *
 * @module
 */

import { rankCorrelation } from "../../numeric/rank_correlation.ts";
import type { Vector } from "../../numeric/lanczos.ts";
import { permutation, randomKey } from "../../numeric/random.ts";
import type { ProbeContext } from "../../probes/context/context.ts";
import { followRows } from "../../probes/dynamics/row_losses.ts";
import { RunContext } from "../../probes/run_context.ts";
import { readMetrics } from "../../runs/read.ts";
import type { Json } from "../figure.ts";
import { spikesOf } from "./slingshots.ts";

/** How many updates behind a spike's beginning are followed. */
export const BEHIND = 50;

/** The first slingshot of a run. */
export interface RowSwings {
  /** The step at which it begins. */
  readonly spike: number;
  /** The checkpoint from which rows were followed. */
  readonly from: number;
  /** Share of all train rows' swings that the 1 % of the largest have. */
  readonly concentration: number;
  /** Test rows that are right at some checkpoint and at all behind it. */
  readonly learnt: number;
  /** Test rows. */
  readonly rows: number;
  /**
   * Spearman's ρ, over test rows, of a row's swing and the first checkpoint from which
   * on it is right; rows that never are come last. Null where all come at once.
   */
  readonly rho: number | null;
  /** The same of swings in a random order. */
  readonly shuffled: number | null;
}

/**
 * Follows a run through its first slingshot: from the last checkpoint before it,
 * {@link BEHIND} updates past its beginning. A row's swing is Σ|Δℓ| over these updates.
 *
 * @param run The run's folder, with checkpoints and optimizer states.
 * @returns {@link RowSwings}, or null where the run has no slingshot.
 */
export async function rowSwings(run: string): Promise<Json> {
  const [spike] = spikesOf(await readMetrics(run));
  if (spike === undefined) return null;
  const context = await RunContext.open(run);
  // The evaluation of a spike is that of a loss which rose before it.
  const before = context.checkpoints.filter(({ step }) => step < spike);
  const checkpoint = before.at(-2) ?? before.at(-1)!;
  const { train, test } = await context.with(
    checkpoint,
    (at) => followRows(at, spike - checkpoint.step + BEHIND),
  );
  const right = await context.each("answers", (at) => rightRows(at));
  const learnt = test[0]!.length === 0 ? [] : learntAt(right);
  const swings = swingsOf(test);
  const order = permutation(swings.length, randomKey(0)("shuffled swings"));
  const result: RowSwings = {
    spike,
    from: checkpoint.step,
    concentration: concentrationOf(swingsOf(train)),
    learnt: learnt.filter(Number.isFinite).length,
    rows: learnt.length,
    rho: rankCorrelation(swings, learnt),
    shuffled: rankCorrelation(order.map((i) => swings[i]!), learnt),
  };
  return { ...result };
}

// Which test rows a checkpoint answers rightly.
async function rightRows(context: ProbeContext): Promise<boolean[]> {
  const { columns, data } = await context.logits();
  const { rows, labels } = context.task.split().test;
  return Array.from(rows, (row, i) => {
    const z = data.subarray(row * columns, (row + 1) * columns);
    return z.every((x) => x <= z[labels[i]!]!);
  });
}

/** Σ|Δℓ| of each row. */
export const swingsOf = (losses: readonly Vector[]): number[] =>
  Array.from(
    losses[0]!,
    (_, row) =>
      losses.slice(1).reduce(
        (sum, at, t) => sum + Math.abs(at[row]! - losses[t]![row]!),
        0,
      ),
  );

/**
 * Of each row the first place from which on it is right; Infinity where it is not in
 * the end.
 *
 * @param right Of each checkpoint, which rows are.
 */
export const learntAt = (right: readonly (readonly boolean[])[]): number[] =>
  right[0]!.map((_, row) => {
    const last = right.findLastIndex((rows) => !rows[row]);
    return last === right.length - 1 ? Infinity : last + 1;
  });

/** Share of the sum that the largest 1 % have, one at least. */
export function concentrationOf(swings: readonly number[]): number {
  const sorted = swings.toSorted((a, b) => b - a);
  const sum = (xs: readonly number[]) => xs.reduce((a, b) => a + b, 0);
  const top = Math.max(1, Math.round(swings.length / 100));
  return sum(sorted.slice(0, top)) / sum(sorted);
}
