/**
 * Two-dimensional Fourier components of functions whose values at all pairs would
 * be too much to have in memory: from sums over the pairs, in one pass.
 *
 * @module
 */

import * as tf from "../../base/tfjs.ts";
import { type Matrix, tensorOf } from "../../numeric/matrix.ts";
import { runTraced } from "../../onnx/runtime/compile.ts";
import type { SessionOptions } from "../../onnx/runtime/options.ts";
import { type Blocks, fourierBasis, frequencies } from "./spectra.ts";

/** Where variance lies, and which functions are the same everywhere. */
export interface ChunkedBlocks extends Blocks {
  /** Whether a function is, by its index. */
  silent(f: number): boolean;
}

/** Sums over the pairs (x, y) so far, of functions less their value at (0, 0). */
interface Sums {
  /** Each function's value at the first pair. */
  readonly pivot: Float64Array;
  /** Σ of squares. */
  readonly squares: Float64Array;
  /** Whether it has another value somewhere. */
  readonly varies: Uint8Array;
  /**
   * Over the pairs of each x, of each y, of each x + y and of each x − y, one after
   * the other: [4, n, functions].
   */
  readonly lines: Float64Array;
}

/**
 * As `blocks2d()`, of values that come in chunks, [pairs, functions], the first
 * element slowest.
 *
 * A product of a frequency's waves of x and of y is half a wave of x + y and half
 * one of x − y: cos kx · cos ky = (cos k(x − y) + cos k(x + y))/2, and the others
 * alike. So the components of a block are those of four sums over lines of the
 * table: with P, Q, R, T the components cos k(x − y), cos k(x + y), sin k(x + y) and
 * sin k(x − y), of unit norm on Z_n, the four products' squares sum to
 * (P² + Q² + R² + T²)/n. That is n times less work than the whole transform.
 *
 * @param chunks All pairs, in their order.
 * @param n The order.
 * @param options Where to compute.
 */
export async function blocksInChunks(
  chunks: AsyncIterable<Matrix>,
  n: number,
  options: SessionOptions = {},
): Promise<ChunkedBlocks> {
  let sums: Sums | undefined;
  let first = 0;
  for await (const chunk of chunks) {
    sums ??= startOf(chunk.data.slice(0, chunk.columns), n);
    addTo(sums, chunk, first, n);
    first += chunk.rows;
  }
  return blocksOf(sums!, await squaresOf(sums!, n, options), n);
}

function startOf(pivot: Float64Array, n: number): Sums {
  const width = pivot.length;
  return {
    pivot,
    squares: new Float64Array(width),
    varies: new Uint8Array(width),
    lines: new Float64Array(4 * n * width),
  };
}

function addTo(
  { pivot, squares, varies, lines }: Sums,
  { rows, data }: Matrix,
  first: number,
  n: number,
): void {
  const width = pivot.length;
  for (let i = 0, at = 0; i < rows; i++) {
    const [x, y] = [Math.floor((first + i) / n), (first + i) % n];
    let ofX = x * width;
    let ofY = (n + y) * width;
    let ofSum = (2 * n + (x + y) % n) * width;
    let ofDifference = (3 * n + (x - y + n) % n) * width;
    for (let f = 0; f < width; f++, at++) {
      const value = data[at]! - pivot[f]!;
      if (value !== 0) varies[f] = 1;
      squares[f]! += value * value;
      lines[ofX++]! += value;
      lines[ofY++]! += value;
      lines[ofSum++]! += value;
      lines[ofDifference++]! += value;
    }
  }
}

// (F·M)²/n of each of the four sums M, [4, n, functions].
async function squaresOf(
  { pivot, lines }: Sums,
  n: number,
  options: SessionOptions,
): Promise<Float64Array> {
  const width = pivot.length;
  const basis = new Float64Array(n * n);
  fourierBasis(n).forEach((row, i) => basis.set(row, i * n));
  const { squares } = await runTraced(
    ({ F, M }) => ({
      squares: tf.div(
        tf.square(tf.matMul(
          tf.expandDims(F, 0),
          tf.reshape(M, [4, n, width]),
        )),
        n,
      ),
    }),
    {
      F: tensorOf({ rows: n, columns: n, data: basis }),
      M: tensorOf({ rows: 4 * n, columns: width, data: lines }),
    },
    options,
  );
  return squares!.data as Float64Array;
}

function blocksOf(
  sums: Sums,
  components: Float64Array,
  n: number,
): ChunkedBlocks {
  const width = sums.pivot.length;
  const [ofX, ofY, ofSum, ofDifference] = [0, 1, 2, 3] as const;
  const at = (line: number, row: number, f: number) =>
    components[(line * n + row) * width + f]!;
  const each = (value: (f: number) => number) =>
    Float64Array.from({ length: width }, (_, f) => value(f));
  const sum = (lines: readonly number[], rows: readonly number[]) =>
    each((f) =>
      lines.reduce(
        (all, line) => rows.reduce((sum, row) => sum + at(line, row, f), all),
        0,
      )
    );
  // Rows of the basis that are waves of k; at n/2 there is no sine.
  const rowsOf = (k: number) => 2 * k === n ? [2 * k - 1] : [2 * k - 1, 2 * k];
  return {
    // All squares but the constant's: the basis is orthonormal.
    variance: each((f) => sums.squares[f]! - at(ofX, 0, f)),
    alone: frequencies(n).map((k) => sum([ofX, ofY], rowsOf(k))),
    together: frequencies(n).map((k) =>
      // There x − y is x + y.
      sum(2 * k === n ? [ofSum] : [ofSum, ofDifference], rowsOf(k))
    ),
    silent: (f) => sums.varies[f] === 0,
  };
}
