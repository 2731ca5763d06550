/**
 * What a plan does with the seeds: held, varied, or mixed up with something else.
 *
 * @module
 */

import { type ConfigInput, defaults } from "../config/config.ts";
import type { Block } from "./points.ts";

/** What there is to know of a plan's seeds. */
export interface SeedsSaid {
  /** How they are held or varied, in a sentence. */
  readonly note: string;
  /** What cannot be told apart from the seed, in a sentence; null where all can. */
  readonly confounded: string | null;
}

/**
 * What a plan does with the seeds, `seed` and `dataSeed`.
 *
 * @param blocks The plan, laid out.
 * @param config What it starts from.
 */
export function seedsSaid(
  blocks: readonly Block[],
  config: ConfigInput = {},
): SeedsSaid {
  const seeds = blocks.flatMap((block) => seedsIn(block, config));
  const different = [...new Set(seeds)].sort((a, b) => a - b);
  const held = different.length === 1;
  const note = held
    ? `seed ${
      different[0]
    } in all runs, held: how much seeds matter is not seen`
    : `seeds ${seedsText(different)}, ${dataText(blocks, config)}`;
  return { note, confounded: held ? null : confoundedIn(blocks) };
}

// The seeds of a block's points.
function seedsIn(
  { seeds, axes, set, points }: Block,
  config: ConfigInput,
): number[] {
  if (seeds) return [...seeds];
  const one = set.seed ?? config.seed ?? defaults.seed;
  if (!axes.includes("seed")) return [one];
  return [...points()].map(({ seed = one }) => seed as number);
}

/** Seeds in a few words: `0..15, 20`. */
export function seedsText(sorted: readonly number[]): string {
  const runs: [first: number, last: number][] = [];
  for (const seed of sorted) {
    const run = runs.at(-1);
    if (run && run[1] === seed - 1) run[1] = seed;
    else runs.push([seed, seed]);
  }
  const texts = runs.map(([a, b]) =>
    a === b ? `${a}` : b === a + 1 ? `${a}, ${b}` : `${a}..${b}`
  );
  return texts.length <= 8
    ? texts.join(", ")
    : `${texts.slice(0, 7).join(", ")}, … (${sorted.length})`;
}

// What the data and their split do while the seed varies.
function dataText(blocks: readonly Block[], config: ConfigInput): string {
  if (blocks.some(({ axes }) => axes.includes("dataSeed"))) {
    return "data and split by dataSeed";
  }
  const own = [
    ...new Set(
      blocks.map(({ set }) => set.dataSeed ?? config.dataSeed ?? null),
    ),
  ];
  if (own.length > 1) return "data and split by dataSeed";
  return own[0] === null
    ? "each with data and split of its own (dataSeed holds them)"
    : `all with the data and the split of dataSeed ${own[0]}`;
}

// Points that were named or drawn with their seeds: of each must be all seeds.
function confoundedIn(blocks: readonly Block[]): string | null {
  for (const { seeds, axes, crossed, points } of blocks) {
    if (seeds || !axes.includes("seed") || crossed.includes("seed")) continue;
    const bySeed = new Map<string, Set<unknown>>();
    for (const { seed, ...rest } of points()) {
      const key = JSON.stringify(rest);
      const found = bySeed.get(key);
      if (found) found.add(seed);
      else bySeed.set(key, new Set([seed]));
    }
    const lists = [...bySeed.values()]
      .map((seeds) => JSON.stringify([...seeds].sort()));
    if (new Set(lists).size <= 1) continue;
    const others = axes.filter((key) => key !== "seed").join(", ");
    return `the points have seeds of their own, so that what the seed does ` +
      `cannot be told from what ${others} does: name the seeds in seeds, and ` +
      "each point gets all of them";
  }
  return null;
}
