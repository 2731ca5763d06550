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

/** The mean of numbers. */
export function mean(v: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < v.length; i++) sum += v[i]!;
  return sum / v.length;
}

/** Which of n rows to take where no more than `most` are wanted, evenly spread. */
export function evenPlaces(n: number, most: number): number[] {
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
  const half = Math.floor(sorted.length / 2);
  // Of an even number the mean of the two in the middle.
  const median = sorted.length % 2 === 1
    ? sorted[half]!
    : (sorted[half - 1]! + sorted[half]!) / 2;
  return {
    least: sorted[0] ?? null,
    median: sorted.length > 0 ? median : null,
    most: sorted.at(-1) ?? null,
  };
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
