/**
 * Fourier components over a cyclic group, in one and in two dimensions.
 *
 * @module
 */

import * as tf from "../../base/tfjs.ts";
import { dot } from "../../numeric/lanczos.ts";
import { type Matrix, product } from "../../numeric/matrix.ts";
import type { HostTensor } from "../../numeric/tensor.ts";
import { runTraced } from "../../onnx/runtime/compile.ts";
import type { SessionOptions } from "../../onnx/runtime/options.ts";
import { widen } from "../../trace/precision.ts";

/** How many frequencies there are but 0: k = 1, …, ⌊n/2⌋. */
export const frequencyCount = (n: number): number => Math.floor(n / 2);

/** All frequencies but 0. */
export const frequencies = (n: number): number[] =>
  Array.from({ length: frequencyCount(n) }, (_, i) => i + 1);

/** The row of a frequency's cosine in {@link fourierBasis}. */
export const cosRow = (k: number): number => 2 * k - 1;

/**
 * The orthonormal Fourier basis of Z_n, a row each: the constant 1/√n, then for
 * k = 1, …, ⌊n/2⌋ the functions cos(2πkx/n) and sin(2πkx/n) at unit norm (for
 * even n the last has no sine).
 *
 * ```ts
 * import { fourierBasis } from "@groklab/groklab/probes";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const basis = fourierBasis(5); // 1, cos and sin of 1, cos and sin of 2
 * assertEquals(basis.length, 5);
 * const square = (row: Float64Array) => row.reduce((sum, x) => sum + x * x, 0);
 * assert(basis.every((row) => Math.abs(square(row) - 1) < 1e-15 * 5));
 * ```
 *
 * @param n The order.
 * @returns n rows of n numbers.
 */
export function fourierBasis(n: number): Float64Array[] {
  const row = (f: (angle: number) => number, k: number) => {
    const values = Float64Array.from(
      { length: n },
      // k·x is reduced first: large angles lose digits.
      (_, x) => f(2 * Math.PI * ((k * x) % n) / n),
    );
    const norm = Math.sqrt(dot(values, values));
    return values.map((x) => x / norm);
  };
  const rows = [row(Math.cos, 0)];
  for (const k of frequencies(n)) {
    rows.push(row(Math.cos, k));
    if (2 * k < n) rows.push(row(Math.sin, k));
  }
  return rows;
}

/**
 * Fourier components of the columns of a matrix: F·X, [n, columns].
 *
 * @param matrix Rows are the group's elements, [n, columns].
 */
export function components({ rows: n, columns, data }: Matrix): Matrix {
  const F = { rows: n, columns: n, data: flat(fourierBasis(n)) };
  return product(F, { rows: n, columns, data });
}

/** Where the variance of functions of two elements lies, by frequency. */
export interface Blocks {
  /** Σ over all pairs of a function's squared distance from its mean. */
  readonly variance: Float64Array;
  /**
   * What of it lies in the components of frequency k of the first element alone,
   * and of the second alone: of each k = 1, …, ⌊n/2⌋, for each function.
   */
  readonly alone: readonly Float64Array[];
  /** The same of the products of both elements' components of frequency k. */
  readonly together: readonly Float64Array[];
}

/**
 * Squared Fourier components Z = F·X·Fᵀ of functions X of two elements, summed over
 * the block of each frequency: the products of {1, cos_k, sin_k} by
 * {1, cos_k, sin_k} but the constant. The rest of Z is not computed.
 *
 * @param grid [n · n, functions], the first element slowest.
 * @param n The order.
 * @param options Where to compute.
 */
export async function blocks2d(
  grid: HostTensor,
  n: number,
  options: SessionOptions = {},
): Promise<Blocks> {
  const [, width] = grid.shape as [number, number];
  const ks = frequencies(n);
  const [one, ...waves] = fourierBasis(n);
  // At k = n/2 there is no sine.
  if (waves.length < 2 * ks.length) waves.push(new Float64Array(n));
  const triples = ks.map((_, i) => [one!, waves[2 * i]!, waves[2 * i + 1]!]);
  const { constant, frequency, variance } = await runTraced(
    ({ F, B, grid }) => {
      const X = widen(grid) as tf.Tensor2D;
      const Z1 = tf.matMul(
        F as tf.Tensor2D,
        tf.reshape(X, [n, n * width]) as tf.Tensor2D,
      );
      const [first, rest] = [
        tf.reshape(tf.slice(Z1, [0, 0], [1, -1]), [n, width]) as tf.Tensor2D,
        tf.reshape(tf.slice(Z1, [1, 0]), [ks.length, 2, n, width]),
      ];
      return {
        constant: tf.square(tf.matMul(F as tf.Tensor2D, first)),
        frequency: tf.square(tf.matMul(B, rest)),
        variance: tf.sum(tf.square(tf.sub(X, tf.mean(X, 0))), 0),
      };
    },
    {
      F: float64([1 + waves.length, n], [one!, ...waves]),
      B: float64([ks.length, 1, 3, n], triples.flat()),
      grid,
    },
    options,
  );
  // [1, cos_1, sin_1, …; functions], of the second element alone.
  const ofSecond = rows(constant!);
  // [k, cos or sin of the first; 1, cos or sin of the second; functions].
  const ofBoth = rows(frequency!);
  const sum = (parts: readonly Float64Array[]) =>
    parts[0]!.map((_, f) => parts.reduce((all, part) => all + part[f]!, 0));
  return {
    variance: variance!.data as Float64Array,
    alone: ks.map((_, i) =>
      sum([
        ...ofSecond.slice(1 + 2 * i, 3 + 2 * i),
        ofBoth[6 * i]!,
        ofBoth[6 * i + 3]!,
      ])
    ),
    together: ks.map((_, i) =>
      sum([1, 2, 4, 5].map((at) => ofBoth[6 * i + at]!))
    ),
  };
}

const float64 = (
  shape: readonly number[],
  rows: readonly Float64Array[],
): HostTensor => ({
  dtype: "float64",
  shape,
  data: flat(rows),
});

const flat = (rows: readonly Float64Array[]) =>
  Float64Array.from(rows.flatMap((row) => [...row]));

// What stands along the last axis.
function rows({ shape, data }: HostTensor): Float64Array[] {
  const width = shape.at(-1)!;
  return Array.from(
    { length: data.length / width },
    (_, i) => (data as Float64Array).subarray(i * width, (i + 1) * width),
  );
}

/**
 * The Gini coefficient of non-negative numbers: 0 where all are equal, towards
 * 1 where one has everything. Sorted ascending,
 * G = 1 − 2 Σ_k (c_k/‖c‖₁) · (N − k + ½)/N.
 *
 * Source: Hurley & Rickard (arXiv 0811.4706), Table I.
 *
 * ```ts
 * import { gini } from "@groklab/groklab/probes";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(gini([1, 1, 1, 1]), 0);
 * assertEquals(gini([0, 0, 0, 1]), 0.75);
 * ```
 *
 * @returns NaN where all are 0.
 */
export function gini(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const total = sorted.reduce((a, b) => a + b, 0);
  const N = sorted.length;
  return 1 - 2 * sorted.reduce(
        (sum, c, i) => sum + (c / total) * (N - (i + 1) + 0.5) / N,
        0,
      );
}
