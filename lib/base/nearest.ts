/**
 * What to say when a name is not known.
 *
 * @module
 */

import { minOf } from "./extremes.ts";
import { levenshteinDistance } from "@std/text/levenshtein-distance";
import { wordSimilaritySort } from "@std/text/word-similarity-sort";

// More than this nobody reads.
const MOST = 12;

/**
 * The names that could be meant, the nearest first, in words: all where they are
 * few.
 *
 * @param name What was asked for.
 * @param known What there is.
 */
export function nearest(name: string, known: readonly string[]): string {
  if (known.length === 0) return "there are none";
  const sorted: string[] = wordSimilaritySort(name, [...known], {});
  return known.length <= MOST
    ? `there are ${sorted.join(", ")}`
    : `the nearest of ${known.length} are ${sorted.slice(0, 5).join(", ")}`;
}

/** Other words for names, each {@link plain}, and what they mean. */
export type Synonyms = Readonly<Record<string, readonly string[]>>;

/** A name without what is written one way or the other: case, -, _ and spaces. */
export function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[\s_.-]+/g, "");
}

/**
 * Synonyms as they are written, a line each: what is meant, one name or several,
 * then the words for it with spaces between.
 */
export type Words = readonly (readonly [
  meant: string | readonly string[],
  words: string,
])[];

/** Synonyms out of a few lines; only who is not understood needs them. */
export function synonyms(lines: Words): Synonyms {
  const all: Record<string, string[]> = {};
  for (const [names, words] of lines) {
    for (const word of words.split(" ")) {
      const known = all[plain(word)] ??= [];
      known.push(...[names].flat().filter((name) => !known.includes(name)));
    }
  }
  return all;
}

/**
 * What a name that is not known may have been meant as: a known one written
 * otherwise, what it is a synonym of, one with few other letters, or those that
 * begin with it.
 *
 * @param name What was asked for.
 * @param known What there is.
 * @param synonyms Other words for it; of none, where a word means nothing here.
 * @returns The names, at most three, the nearest first; none where nothing is near.
 */
export function meant(
  name: string,
  known: readonly string[],
  synonyms: Synonyms = {},
): readonly string[] {
  const asked = plain(name);
  if (asked === "") return [];
  const same = known.filter((each) => plain(each) === asked);
  if (same.length > 0) return same;
  if (Object.hasOwn(synonyms, asked)) return synonyms[asked]!;
  const distances = known.map((each) => distance(asked, plain(each)));
  const least = minOf(distances);
  const begun = known.filter((each) =>
    asked.length >= 3 && plain(each).startsWith(asked)
  );
  // A third of the letters may be wrong.
  const near = least <= Math.max(1, Math.floor(asked.length / 3))
    ? known.filter((_, i) => distances[i] === least)
    : [];
  return [...new Set([...near, ...begun])].slice(0, 3);
}

// Letters that are wrong; those in another order are one.
function distance(a: string, b: string): number {
  const letters = (name: string) => [...name].sort().join("");
  return letters(a) === letters(b)
    ? Number(a !== b)
    : levenshteinDistance(a, b);
}

/** The same in words: " (did you mean adamw?)", or nothing. */
export function didYouMean(names: readonly string[]): string {
  return names.length === 0 ? "" : ` (did you mean ${orOf(names)}?)`;
}

/** Names in words: "a, b or c". */
export function orOf(names: readonly string[]): string {
  const [last = "", ...others] = names.toReversed();
  return others.length === 0
    ? last
    : `${others.toReversed().join(", ")} or ${last}`;
}
