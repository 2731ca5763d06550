/**
 * What is said of a share, and of a time that some runs did not live to see.
 *
 * @module
 */

/** The ends of an interval of shares. */
export type Interval = readonly [low: number, high: number];

// The quantile of the normal distribution at 97.5 %.
const Z = 1.959963984540054;

/**
 * Wilson's interval of 95 % for a share of which n draws were seen, k of them hits:
 *
 *     (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n),   p = k/n, z = 1.96
 *
 * E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical
 * Inference", Journal of the American Statistical Association 22 (1927). Unlike
 * p ± z √(p(1 − p)/n) it says something of 0 and n hits, and of few draws.
 *
 * @param k Hits.
 * @param n Draws.
 * @returns From nothing to all, where nothing was drawn.
 */
export function wilson(k: number, n: number): Interval {
  if (n === 0) return [0, 1];
  const p = k / n;
  const square = Z * Z / n;
  const middle = (p + square / 2) / (1 + square);
  const half = Z / (1 + square) *
    Math.sqrt(p * (1 - p) / n + square / (4 * n));
  // What rounding leaves of nothing and of all is none of it.
  return [k === 0 ? 0 : middle - half, k === n ? 1 : middle + half];
}

/** When something came, or until when it had not. */
export interface Time {
  /** When, or until when. */
  readonly at: number;
  /** Whether it came then. */
  readonly seen: boolean;
}

/** A median of which the whole may lie beyond what was seen. */
export interface CensoredMedian {
  /** The median; null where half of them had not come as long as anybody looked. */
  readonly at: number | null;
  /** What it is above then; null where there is a median, or no run at all. */
  readonly over: number | null;
}

/**
 * The median of times of which some are only known to be longer than what was
 * seen: the least time t at which the estimate of Kaplan and Meier
 *
 *     S(t) = Π (1 − d(s)/n(s))   over the times s ≤ t at which something came
 *
 * is a half or less, d(s) being how many came at s, n(s) how many were still
 * awaited just before. E. L. Kaplan and P. Meier, "Nonparametric Estimation from
 * Incomplete Observations", Journal of the American Statistical Association 53
 * (1958). Where all were watched equally long it is the lower median, with what did
 * not come behind all that came.
 *
 * @param times The times; of one that came at the moment at which another's watch
 * ended the latter was still awaited.
 */
export function censoredMedian(times: readonly Time[]): CensoredMedian {
  const sorted = times.toSorted((a, b) =>
    a.at - b.at || Number(b.seen) - Number(a.seen)
  );
  let alive = 1;
  for (let i = 0; i < sorted.length;) {
    const { at } = sorted[i]!;
    const waiting = sorted.length - i;
    let came = 0;
    for (; sorted[i]?.at === at && sorted[i]!.seen; i++) came += 1;
    alive *= 1 - came / waiting;
    // A half, but for the rounding of the product.
    if (came > 0 && alive <= 0.5 + 1e-12) return { at, over: null };
    for (; sorted[i]?.at === at && !sorted[i]!.seen; i++);
  }
  return { at: null, over: sorted.at(-1)?.at ?? null };
}
