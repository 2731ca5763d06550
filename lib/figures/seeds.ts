/**
 * How many seeds there are to be of an arm, by what its runs cost.
 *
 * @module
 */

import type { Arm, Figure, Scale } from "./figure.ts";

/** Seeds that a decision at full length takes at least, and those of long runs. */
export const LEAST_SEEDS = 3;

// More seeds where a run takes less than so many minutes.
const MORE = [
  { minutes: 1, seeds: 10 },
  { minutes: 10, seeds: 5 },
] as const;

/**
 * How many seeds an arm is to have at full length: 10 where a run takes less than
 * a minute, 5 where less than ten, 3 where more or where nobody knows.
 *
 * @param minutes Minutes of a run on one thread, measured.
 */
export function seedsAt(minutes: number = Infinity): number {
  return MORE.find((more) => minutes < more.minutes)?.seeds ?? LEAST_SEEDS;
}

/**
 * How many seeds each arm of a figure is to have, where nobody asks for others: in
 * the quick form the figure's own number, at full length by what its runs cost.
 */
export function seedsWanted(
  { quickSeeds = 1 }: Figure,
  scale: Scale,
): (arm: Arm) => number {
  return ({ minutes }) => scale === "quick" ? quickSeeds : seedsAt(minutes);
}

/** How many seeds a decision takes of a figure, where nobody asks for more. */
export function seedsNeeded({ quickSeeds = 1 }: Figure, scale: Scale): number {
  return scale === "quick" ? quickSeeds : LEAST_SEEDS;
}

// Minutes that a run at full length takes on one thread: the least of the published
// records, since other work only makes a run longer. By figure and the beginning of
// the arms' names, of which the longest counts that fits. What is not here has not
// been run, or takes more than ten.
const MINUTES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  fig1: { perp: 0.09 },
  fig2: {
    "float16-0.4": 4.5,
    "float16-0.6": 7.2,
    "float16-0.7": 8.7,
    "float32-0.4": 4.3,
    "float32-0.6": 6.6,
    "float32-0.7": 7.8,
    "float64-0.4": 5.1,
    "float64-0.6": 8,
    "float64-0.7": 9.4,
  },
  // Base 2 has runs beside much other work only.
  fig4: {
    parity: 2.8,
    scalar: 0.27,
    "base-2": 1.9,
    binary: 0.28,
    "two-hot": 0.3,
  },
  fig5: { mlp: 8.6, "mlp-biases": 9.3 },
  fig6: { add: 4, subtract: 3.9, mlp: 0.14, "mlp-perp-sgd": 0.3 },
  fig7: { "": 4.7 },
  fig8: { adamw: 9.4, "adamw-induced": 24.6, "adamw-early": 6.9 },
  fig14: { "": 3.5 },
  fig15: { "": 0.5 },
  "imbalanced-collapse": { "": 0.54 },
  perp: { adamw: 0.47, sgd: 1.9 },
  "stability-gap": { "": 0.27 },
  remedies: { mlp: 0.12, transformer: 0.4 },
};

/**
 * Minutes of a run of an arm, where they have been measured.
 *
 * @param figure The figure's name.
 * @param arm The arm's.
 */
export function minutesOf(figure: string, arm: string): number | undefined {
  const [longest] = Object.entries(MINUTES[figure] ?? {})
    .filter(([start]) => arm.startsWith(start))
    .sort(([a], [b]) => b.length - a.length);
  return longest?.[1];
}
