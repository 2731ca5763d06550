/**
 * Where a logarithmic axis has numbers.
 *
 * @module
 */

// More than these do not stand beside each other.
const MOST = 7;

// What stands before a power of ten, the roundest first.
const FACTORS: readonly (readonly number[])[] = [
  [1, 2, 5],
  [1, 2, 3, 4, 5, 6, 7, 8, 9],
  Array.from({ length: 90 }, (_, i) => (10 + i) / 10),
];

/**
 * Round numbers among some positive ones: 1, 2 and 5 times powers of ten, the
 * powers alone where there is no room for more, other digits where those are too
 * few.
 *
 * @param values What is shown; what is not above 0 is left out.
 * @returns Undefined where no two would be shown: the axis knows better then.
 */
export function logTicks(values: readonly number[]): number[] | undefined {
  const shown = values.filter((x) => Number.isFinite(x) && x > 0);
  const least = shown.reduce((a, b) => Math.min(a, b), Infinity);
  const most = shown.reduce((a, b) => Math.max(a, b), 0);
  if (!(least < most)) return undefined;
  const from = Math.floor(Math.log10(least));
  const powers = Array.from(
    { length: Math.ceil(Math.log10(most)) - from + 1 },
    (_, i) => from + i,
  );
  const times = (factors: readonly number[]) =>
    // Powers as text: 10 ** -4 is not the nearest double to 1e-4.
    powers.flatMap((power) => factors.map((f) => Number(`${f}e${power}`)))
      .filter((x) => x >= least && x <= most);
  const thinned = (all: readonly number[]) => {
    const step = Math.ceil(all.length / MOST);
    return all.filter((_, i) => i % step === 0);
  };
  const [every = []] = FACTORS.map(times).filter((ticks) => ticks.length > 1);
  if (every.length <= MOST) return every.length > 1 ? every : undefined;
  const tens = times([1]);
  return thinned(tens.length > 1 ? tens : every);
}
