/**
 * Shares of a sweep.
 *
 * @module
 */

import { UsageError } from "../../base/errors.ts";

/** A share of a sweep: every so manyth run of its plan. */
export interface Shard {
  /** Which share, counted from 0 as array jobs count. */
  readonly index: number;
  /** How many shares there are. */
  readonly of: number;
}

// Array jobs have hardly more tasks.
const MOST = 1_000_000;

/**
 * Reads a share as it is written, `0/4` to `3/4`.
 *
 * @throws {UsageError} if it is none.
 */
export function parseShard(text: string): Shard {
  const [, index, of] = /^(\d{1,9})\/(\d{1,9})$/.exec(text) ?? [];
  const shard = { index: Number(index), of: Number(of) };
  const problem = shardProblem(shard);
  if (problem === undefined) return shard;
  throw new UsageError(`--shard must be ${problem}, got ${text}`);
}

/** What a share must be, in words; undefined where it is that. */
export function shardProblem({ index, of }: Shard): string | undefined {
  if (!(Number.isSafeInteger(of) && of >= 1 && of <= MOST)) {
    return `I/N, share I of N counted from 0, N in 1..${MOST}`;
  }
  if (Number.isSafeInteger(index) && index >= 0 && index < of) return undefined;
  return `I/N with I in 0..${of - 1}, counted from 0`;
}

/**
 * The runs of a share: one of every N, so that what a plan has side by side is in
 * all shares.
 */
export function inShard<T>(runs: readonly T[], shard?: Shard): T[] {
  if (!shard) return [...runs];
  return runs.filter((_, i) => i % shard.of === shard.index);
}
