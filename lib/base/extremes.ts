/**
 * The largest and the least of any number of numbers, and their length.
 * `Math.max(...values)` puts every value on the stack, which holds some hundred
 * thousand: data are never spread into arguments.
 *
 * @module
 */

/**
 * What Math.max says of them: NaN where one is NaN, −Infinity where there are
 * none.
 */
export function maxOf(values: Iterable<number>): number {
  let most = -Infinity;
  for (const x of values) most = Math.max(most, x);
  return most;
}

/**
 * What Math.min says of them: NaN where one is NaN, Infinity where there are
 * none.
 */
export function minOf(values: Iterable<number>): number {
  let least = Infinity;
  for (const x of values) least = Math.min(least, x);
  return least;
}

/**
 * What Math.hypot says of them, √Σx², without a square that overflows or
 * vanishes: Infinity where one is infinite, else NaN where one is NaN, 0 where
 * there are none. The sum is Kahan's, as in V8.
 */
export function hypotOf(values: Iterable<number>): number {
  const sizes = Array.from(values, Math.abs);
  if (sizes.includes(Infinity)) return Infinity;
  const scale = maxOf(sizes);
  if (!(scale > 0)) return sizes.length === 0 ? 0 : scale;
  let sum = 0;
  let lost = 0;
  for (const x of sizes) {
    const term = (x / scale) ** 2 - lost;
    const next = sum + term;
    lost = next - sum - term;
    sum = next;
  }
  return Math.sqrt(sum) * scale;
}

/** Puts all of some values behind those of a list. */
export function append<T>(list: T[], values: Iterable<T>): void {
  for (const value of values) list.push(value);
}
