/**
 * What the seeds of a recipe come to.
 *
 * @module
 */

import { lowerMedian } from "../numeric/statistics.ts";
import { bootstrapInterval } from "../numeric/intervals.ts";
import { type Interval, wilson } from "../sweeps/summaries/estimates.ts";
import { DELAY } from "./task.ts";

/** A step; null for never. */
export type Step = number | null;

/** When a seed memorised and grokked: 99 % held. */
export interface Outcome {
  /** The seed. */
  readonly seed: number;
  /** The step of memorising; null where it never did. */
  readonly memorised: Step;
  /** The step of grokking; null where it never did. */
  readonly grokked: Step;
}

/** What they come to. */
export interface Standing {
  /** How many seeds there are. */
  readonly seeds: number;
  /** How many of them grokked. */
  readonly grokked: number;
  /** Wilson's interval of their share, 95 %. */
  readonly share: Interval;
  /** The lower median of the steps of grokking; never comes after every step. */
  readonly median: Step;
  /** Its interval, 95 %, by bootstrap over the seeds. */
  readonly interval: readonly [low: Step, high: Step];
  /** The lower median of the steps of memorising. */
  readonly memorised: Step;
  /** In how many seeds grokking came after the delay of that track. */
  readonly delayed: number;
}

const time = (step: Step): number => step ?? Infinity;
const stepOf = (time: number): Step => Number.isFinite(time) ? time : null;

/**
 * The lower median of steps: of an even number the lower of the middle two, which is
 * a step that a seed has; null where that one never came.
 */
export function medianStep(steps: readonly Step[]): Step {
  return stepOf(lowerMedian(steps.map(time)));
}

/**
 * What the seeds of a recipe come to.
 *
 * @param outcomes One seed at least.
 */
export function standingOf(outcomes: readonly Outcome[]): Standing {
  const times = outcomes.map(({ grokked }) => time(grokked));
  const count = times.filter(Number.isFinite).length;
  const [low, high] = bootstrapInterval(times, lowerMedian);
  return {
    seeds: times.length,
    grokked: count,
    share: wilson(count, times.length),
    median: medianStep(outcomes.map(({ grokked }) => grokked)),
    interval: [stepOf(low), stepOf(high)],
    memorised: medianStep(outcomes.map(({ memorised }) => memorised)),
    delayed:
      outcomes.filter(({ memorised, grokked }) =>
        memorised !== null && time(grokked) >= DELAY * memorised
      ).length,
  };
}

/** Whether the first of two steps comes before the second; never comes last. */
export function isBefore(a: Step, b: Step): boolean {
  return time(a) < time(b);
}

/** A step in words. */
export function stepText(step: Step): string {
  return step === null ? "never" : String(step);
}
