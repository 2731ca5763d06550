/**
 * Statistics of numbers in the host's memory.
 *
 * @module
 */

/** A number as JSON can hold it: null where it is not finite. */
export function finite(x: number): number | null {
  return Number.isFinite(x) ? x : null;
}

/** Whether all of some numbers are finite; of millions faster than `every`. */
export function allFinite(values: Float64Array): boolean {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) return false;
  }
  return true;
}

/** The mean of numbers, added up one behind the other; NaN of none. */
export function mean(v: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < v.length; i++) sum += v[i]!;
  return sum / v.length;
}

/**
 * The mean of numbers, and their standard deviation about it with n − 1 degrees of
 * freedom; NaN of one.
 */
export function momentsOf(
  values: readonly number[],
): { mean: number; deviation: number } {
  const middle = mean(values);
  const squares = values.reduce((sum, x) => sum + (x - middle) ** 2, 0);
  return { mean: middle, deviation: Math.sqrt(squares / (values.length - 1)) };
}

/**
 * The slope of the line of least squares, Σ(x − x̄)(y − ȳ) / Σ(x − x̄)².
 *
 * @param x Where the points are, by number.
 * @param y How high.
 * @returns NaN where no two x differ.
 */
export function slopeOf(x: readonly number[], y: readonly number[]): number {
  const [mx, my] = [mean(x), mean(y)];
  let [xy, xx] = [0, 0];
  for (let i = 0; i < x.length; i++) {
    xy += (x[i]! - mx) * (y[i]! - my);
    xx += (x[i]! - mx) ** 2;
  }
  return xy / xx;
}

/** The middle one of numbers, of an even number of them the mean of two; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  if (sorted.length === 0) return NaN;
  return sorted.length % 2 === 1
    ? sorted[half]!
    : (sorted[half - 1]! + sorted[half]!) / 2;
}

/**
 * The middle one of numbers, of an even number of them the lower of two: a number
 * that is among them; NaN of none.
 */
export function lowerMedian(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length / 2) - 1] ?? NaN;
}

/**
 * The number below which a share q of some numbers lies, between the two nearest in
 * a straight line: the seventh definition of Hyndman and Fan, "Sample Quantiles in
 * Statistical Packages", The American Statistician 50 (1996), which NumPy and R
 * take. The middle one for 0.5.
 *
 * @param values The numbers.
 * @param q The share, 0 for the least and 1 for the largest.
 * @returns NaN of none.
 */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = q * (sorted.length - 1);
  const low = sorted[Math.floor(at)] ?? NaN;
  return low + (at - Math.floor(at)) * ((sorted[Math.ceil(at)] ?? NaN) - low);
}

/** Which of n rows to take where no more than `most` are wanted, evenly spread. */
export function evenIndices(n: number, most: number): number[] {
  const count = Math.min(n, most);
  return Array.from({ length: count }, (_, i) => Math.floor(i * n / count));
}

/** A number in several runs; null where it is defined in none. */
export interface Spread {
  /** The least. */
  readonly least: number | null;
  /** The median. */
  readonly median: number | null;
  /** The most. */
  readonly most: number | null;
}

/** The spread of some numbers; those that are not finite are left out. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  return {
    least: sorted[0] ?? null,
    median: finite(median(sorted)),
    most: sorted.at(-1) ?? null,
  };
}

/**
 * Every so-many-th of some things in order from the first on, and the last.
 *
 * @param all What there is.
 * @param every 1 for all of them, 2 for every second, …
 */
export function everyNth<T>(all: readonly T[], every: number): T[] {
  return all.filter((_, i) => i % every === 0 || i === all.length - 1);
}

/**
 * Some of a run's checkpoints, or of anything in order: the first and the last
 * among them, the others evenly between.
 *
 * @param all What there is.
 * @param most How many, 2 or more; all, where there are no more.
 */
export function evenlySpaced<T>(all: readonly T[], most: number): T[] {
  const last = all.length - 1;
  if (all.length <= most) return [...all];
  return Array.from(
    { length: most },
    (_, i) => all[Math.round(i * last / (most - 1))]!,
  );
}

/**
 * Spearman's rank correlation: Pearson's of the ranks, those of equal numbers their
 * mean. 1 where y rises with x without exception, −1 where it falls; NaN of fewer
 * than two, or where all x or all y are the same.
 *
 * @param x Numbers.
 * @param y As many.
 */
export function spearman(x: readonly number[], y: readonly number[]): number {
  const [a, b] = [ranks(x), ranks(y)];
  const middle = (x.length + 1) / 2;
  const product = (p: readonly number[], q: readonly number[]) =>
    p.reduce((sum, r, i) => sum + (r - middle) * (q[i]! - middle), 0);
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}

// From 1 on; of equal numbers the mean of their places.
const ranks = (values: readonly number[]): number[] =>
  values.map((value) => {
    const less = values.filter((other) => other < value).length;
    const same = values.filter((other) => other === value).length;
    return less + (same + 1) / 2;
  });
