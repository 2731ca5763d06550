/**
 * What the seeds of a claim come to, counted: the share of those with which it is
 * so, and the steps that it was decided by, each with an interval of what more
 * seeds may say.
 *
 * @module
 */

import { bootstrapInterval } from "../numeric/intervals.ts";
import { finite, median } from "../numeric/statistics.ts";
import { wilson } from "../sweeps/summaries/estimates.ts";
import type { StepMedian, Tally } from "./figure.ts";

/** What one seed says of a claim. */
export interface Said {
  /** Whether the claim is so; null where this seed says nothing. */
  readonly so: boolean | null;
  /** The numbers, in a few words. */
  readonly why: string;
  /** The steps that it was decided by, by what came then; null for never. */
  readonly steps?: readonly (readonly [what: string, at: number | null])[];
}

/**
 * How many seeds there are, and with which share a claim is so.
 *
 * @param said What those say that are there.
 * @param wanted How many there are to be.
 */
export function tallyOf(said: readonly Said[], wanted: number): Tally {
  const saying = said.filter(({ so }) => so !== null).length;
  const so = said.filter((one) => one.so === true).length;
  return {
    wanted,
    there: said.length,
    saying,
    so,
    share: saying === 0 ? null : so / saying,
    interval: saying === 0 ? null : wilson(so, saying),
  };
}

/**
 * The medians of steps over the seeds, never coming after every step, with the
 * bootstrap's interval of 95 %. Its draws have one seed: the same steps have the
 * same interval, on every page.
 */
export function stepMedians(said: readonly Said[]): StepMedian[] {
  const all = Map.groupBy(
    said.flatMap(({ steps = [] }) => steps),
    ([what]) => what,
  );
  return [...all].map(([what, steps]) => {
    const at = steps.map(([, step]) => step ?? Infinity);
    const [low, high] = bootstrapInterval(at, median);
    return {
      what,
      seeds: at.length,
      median: finite(median(at)),
      interval: [finite(low), finite(high)],
    };
  });
}
