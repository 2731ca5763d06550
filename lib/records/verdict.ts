/**
 * Whether what a recipe states holds.
 *
 * @module
 */

import type { Recipe } from "./recipe.ts";
import { isBefore, type Standing, type Step, stepText } from "./standing.ts";
import { type TrackName, tracks } from "./tracks.ts";

/** What a recipe's runs say of what it states. */
export interface Verdict {
  /** The median that it states; undefined where it states none. */
  readonly stated: Step | undefined;
  /** Whether the stated median, if there is one, and all tracks hold. */
  readonly holds: boolean;
  /** Why not, a sentence for each reason. */
  readonly reasons: readonly string[];
  /** The tracks in which the recipe stands by its runs. */
  readonly tracks: readonly TrackName[];
}

/**
 * Decides what a recipe states: its median holds if the interval of the measured one
 * begins at it or before, so that a slower machine or other last bits break no entry;
 * of its tracks all must hold.
 *
 * @param recipe The recipe.
 * @param standing What its runs came to.
 */
export function verdictOf(
  { states, tracks: named }: Recipe,
  standing: Standing,
): Verdict {
  const [low] = standing.interval;
  const failing = named.flatMap((name) => {
    const why = tracks[name].fails?.(standing);
    return why === undefined ? [] : [{ name, why }];
  });
  const reasons = [
    ...states && isBefore(states.median, low)
      ? [
        `the median's interval begins at ${stepText(low)}, behind ` +
        `${stepText(states.median)}`,
      ]
      : [],
    ...failing.map(({ name, why }) => `in the track ${name} ${why}`),
  ];
  return {
    stated: states?.median,
    holds: reasons.length === 0,
    reasons,
    tracks: [
      ...new Set<TrackName>(["any", ...named]),
    ].filter((name) => !failing.some((each) => each.name === name)),
  };
}
