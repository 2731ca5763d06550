/**
 * What came of a run: when it memorised and grokked, or until when it had not.
 *
 * @module
 */

import { saysGrokking } from "../../runs/result.ts";
import type { SweepRecord } from "../collecting/records.ts";
import type { Time } from "./estimates.ts";

/** Updates between memorising and grokking; null where one of them did not come. */
export function delayOf({ ended }: SweepRecord): number | null {
  const { memorised_at = null, grokked_at = null } = ended?.result ?? {};
  return memorised_at === null || grokked_at === null
    ? null
    : grokked_at - memorised_at;
}

/** Whether all runs of which the outcome is known are regressions. */
export function areRegressions(records: readonly SweepRecord[]): boolean {
  const results = records.flatMap(({ ended }) => ended?.result ?? []);
  return results.length > 0 &&
    results.every(({ loss_threshold }) => loss_threshold !== undefined);
}

/**
 * When a run grokked, or the last step by which it is known not to have; undefined
 * where nothing is known, of one that failed or has not ended, or of a regression
 * that names no loss at which it counts as learnt. One that diverged
 * never grokks any more: that is known for all its steps that were planned.
 */
export function grokking({ ended, steps }: SweepRecord): Time | undefined {
  const result = ended?.result;
  if (!result || !saysGrokking(result)) return undefined;
  const { grokked_at, diverged_at, steps: made } = result;
  return grokked_at === null
    ? { at: diverged_at === null ? made : steps, seen: false }
    : { at: grokked_at, seen: true };
}

/**
 * How long after memorising a run grokked, or how long it is known not to have;
 * undefined also where it did not memorise.
 */
export function delaying(record: SweepRecord): Time | undefined {
  const time = grokking(record);
  const memorised = record.ended?.result?.memorised_at ?? null;
  return time && memorised !== null
    ? { at: time.at - memorised, seen: time.seen }
    : undefined;
}
