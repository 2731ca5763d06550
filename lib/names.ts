/**
 * What to say when a name is not known.
 *
 * @module
 */

import { wordSimilaritySort } from "@std/text/word-similarity-sort";

// More than this nobody reads.
const MOST = 12;

/** The name that is nearest to what was asked for; undefined of none. */
export function closest(
  name: string,
  known: readonly string[],
): string | undefined {
  return wordSimilaritySort(name, [...known], {})[0];
}

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
