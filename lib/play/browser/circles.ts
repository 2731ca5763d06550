/**
 * What a table of residues shows: how strong each frequency is in it, and the
 * circle that it draws in the plane of one.
 *
 * @module
 */

/** A table with a row for each element of a cyclic group of order n. */
export interface CyclicTable {
  /** [n, width], the group's elements in the order of their indices. */
  readonly rows: readonly ArrayLike<number>[];
}

/** A frequency's part of a table. */
export interface Wave {
  /** k, 1 to ⌊n/2⌋. */
  readonly frequency: number;
  /** Share of the table's squared length without its mean, 0 to 1. */
  readonly share: number;
}

// Σᵢ row(i)·cos(2πki/n) and the same of sin: the two vectors that span k's plane.
function components(
  { rows }: CyclicTable,
  k: number,
): [cos: Float64Array, sin: Float64Array] {
  const width = rows[0]!.length;
  const [cos, sin] = [new Float64Array(width), new Float64Array(width)];
  rows.forEach((row, i) => {
    const angle = 2 * Math.PI * ((k * i) % rows.length) / rows.length;
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    for (let j = 0; j < width; j++) {
      cos[j]! += row[j]! * c;
      sin[j]! += row[j]! * s;
    }
  });
  return [cos, sin];
}

const squared = (x: ArrayLike<number>) => {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i]! ** 2;
  return sum;
};

/**
 * How much of a table each frequency is: (2/n)(‖c‖² + ‖s‖²) over the squared length
 * of the table less its mean row, c and s being the sums of the rows times cosine and
 * sine; of k = n/2, which has no sine, half as much. The shares sum to 1.
 *
 * Source: Nanda et al. (arXiv 2301.05217), Section 4.1.
 *
 * @param table The table, n rows. All shares are 0 where its rows are equal.
 */
export function spectrumOf(table: CyclicTable): Wave[] {
  const n = table.rows.length;
  const waves = Array.from({ length: Math.floor(n / 2) }, (_, i) => {
    const k = i + 1;
    const [cos, sin] = components(table, k);
    const factor = 2 * k === n ? 1 : 2;
    return {
      frequency: k,
      power: factor / n * (squared(cos) + squared(sin)),
    };
  });
  const whole = waves.reduce((sum, { power }) => sum + power, 0);
  // Of equal rows nothing is left but rounding.
  const rounding = 2 ** -90 *
    table.rows.reduce((sum, row) => sum + squared(row), 0);
  return waves.map(({ frequency, power }) => ({
    frequency,
    share: whole > rounding ? power / whole : 0,
  }));
}

/**
 * The table in the plane of a frequency: of each row its coordinates along c and, of
 * s, what is perpendicular to c, both of length 1.
 *
 * @param table The table, n rows.
 * @param k The frequency.
 * @returns A point of each row, [n][x, y]; all 0 where the table has nothing of k.
 */
export function circleOf(
  table: CyclicTable,
  k: number,
): [x: number, y: number][] {
  const [c, s] = components(table, k);
  const unit = (v: Float64Array) => {
    const length = Math.sqrt(squared(v));
    return length > 0 ? v.map((x) => x / length) : v;
  };
  const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => {
    let sum = 0;
    for (let i = 0; i < b.length; i++) sum += a[i]! * b[i]!;
    return sum;
  };
  const x = unit(c);
  const along = dot(s, x);
  const y = unit(s.map((value, i) => value - along * x[i]!));
  return table.rows.map((row) => [dot(row, x), dot(row, y)]);
}
