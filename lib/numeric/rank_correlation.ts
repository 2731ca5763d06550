/**
 * Spearman's rank correlation.
 *
 * @module
 */

import { finite, mean } from "./statistics.ts";

/**
 * Spearman's ρ: Pearson's correlation of the ranks, equal values having the mean of
 * theirs. Infinity is a rank like any other.
 *
 * @param a Values, none of them NaN.
 * @param b As many.
 * @returns Null where all of a, or of b, are equal.
 */
export function rankCorrelation(
  a: readonly number[],
  b: readonly number[],
): number | null {
  const [x, y] = [centred(ranksOf(a)), centred(ranksOf(b))];
  const dot = (u: readonly number[], v: readonly number[]) =>
    u.reduce((sum, each, i) => sum + each * v[i]!, 0);
  return finite(dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y)));
}

const centred = (values: readonly number[]) => {
  const middle = mean(values);
  return values.map((x) => x - middle);
};

function ranksOf(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((i, j) =>
    values[i]! < values[j]! ? -1 : values[i]! > values[j]! ? 1 : 0
  );
  const ranks = Array<number>(values.length);
  for (let first = 0; first < order.length;) {
    let end = first + 1;
    while (
      end < order.length && values[order[end]!] === values[order[first]!]
    ) {
      end++;
    }
    for (let i = first; i < end; i++) ranks[order[i]!] = (first + end - 1) / 2;
    first = end;
  }
  return ranks;
}
