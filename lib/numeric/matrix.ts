import { type HostTensor, toNumbers } from "./tensor.ts";

/** Numbers in rows and columns. */
export interface Matrix {
  /** How many rows. */
  readonly rows: number;
  /** How many numbers a row has. */
  readonly columns: number;
  /** Row by row. */
  readonly data: Float64Array;
}

/** A matrix from its rows' numbers, one behind the other. */
export function matrixOf(
  rows: number,
  columns: number,
  data: ArrayLike<number>,
): Matrix {
  return { rows, columns, data: Float64Array.from(data) };
}

export const tensorOf = ({ rows, columns, data }: Matrix): HostTensor => ({
  dtype: "float64",
  shape: [rows, columns],
  data: data as Float64Array<ArrayBuffer>,
});

/** The mean of the rows, [columns]. */
export function meanRow({ rows, columns, data }: Matrix): Float64Array {
  const mean = new Float64Array(columns);
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++, at++) mean[j]! += data[at]! / rows;
  }
  return mean;
}

/** √Σ x². */
export function frobeniusNorm({ data }: { data: Float64Array }): number {
  return Math.sqrt(data.reduce((sum, x) => sum + x * x, 0));
}

/** A tensor as a matrix: a row for each place of its first axis. */
export function asMatrix({ shape, data }: HostTensor): Matrix {
  return {
    rows: shape[0]!,
    columns: shape.slice(1).reduce((product, d) => product * d, 1),
    data: toNumbers({ data }),
  };
}

/** Some rows of a matrix, in an order. */
export function rowsAt(
  { columns, data }: Matrix,
  rows: ArrayLike<number>,
  from = 0,
): Matrix {
  const picked = new Float64Array(rows.length * columns);
  for (let i = 0; i < rows.length; i++) {
    const start = (from + rows[i]!) * columns;
    picked.set(data.subarray(start, start + columns), i * columns);
  }
  return { rows: rows.length, columns, data: picked };
}

/** Rows become columns. */
export function transposed({ rows, columns, data }: Matrix): Matrix {
  const result = new Float64Array(data.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      result[j * rows + i] = data[i * columns + j]!;
    }
  }
  return { rows: columns, columns: rows, data: result };
}

/** A·B. */
export function product(a: Matrix, b: Matrix): Matrix {
  const result = new Float64Array(a.rows * b.columns);
  for (let i = 0; i < a.rows; i++) {
    for (let k = 0; k < a.columns; k++) {
      const factor = a.data[i * a.columns + k]!;
      let from = k * b.columns;
      let to = i * b.columns;
      for (const end = from + b.columns; from < end; from++, to++) {
        result[to]! += factor * b.data[from]!;
      }
    }
  }
  return { rows: a.rows, columns: b.columns, data: result };
}
