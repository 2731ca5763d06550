/**
 * Fourier components over a cyclic group, in one and in two dimensions.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
import type { SessionOptions } from "../onnx/session.ts";
import type { HostTensor } from "../onnx/tensor.ts";
import { widen } from "../trace/precision.ts";
import { runTraced } from "../trace/run.ts";
import type { Matrix } from "./context.ts";
import { dot } from "./curvature.ts";

/** How many frequencies there are but 0: k = 1, …, ⌊n/2⌋. */
export const frequencyCount = (n: number): number => Math.floor(n / 2);

/** All frequencies but 0. */
export const frequencies = (n: number): number[] =>
  Array.from({ length: frequencyCount(n) }, (_, i) => i + 1);

/** The row of a frequency's cosine in {@link fourierBasis}. */
export const cosRow = (k: number): number => 2 * k - 1;

/** The rows of a frequency: of its cosine, and of its sine where there is one. */
export const rowsOf = (k: number, n: number): number[] =>
  2 * k < n ? [cosRow(k), cosRow(k) + 1] : [cosRow(k)];

/**
 * The orthonormal Fourier basis of Z_n, a row each: the constant 1/√n, then for
 * k = 1, …, ⌊n/2⌋ the functions cos(2πkx/n) and sin(2πkx/n) at unit norm (for
 * even n the last has no sine).
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
  const result = new Float64Array(n * columns);
  for (const [i, row] of fourierBasis(n).entries()) {
    for (let x = 0; x < n; x++) {
      const factor = row[x]!;
      for (let j = 0; j < columns; j++) {
        result[i * columns + j]! += factor * data[x * columns + j]!;
      }
    }
  }
  return { rows: n, columns, data: result };
}

/**
 * Squared Fourier components of functions of two elements: Z = F·X·Fᵀ for each
 * function, then Z².
 *
 * @param grid [n · n, functions], the first element slowest.
 * @param n The order.
 * @param options Where to compute.
 * @returns [n · n, functions], float64, rows and columns in the order of
 * {@link fourierBasis}.
 */
export async function squaredComponents2d(
  grid: HostTensor,
  n: number,
  options: SessionOptions = {},
): Promise<Matrix> {
  const [, width] = grid.shape as [number, number];
  const F: HostTensor = {
    dtype: "float64",
    shape: [n, n],
    data: Float64Array.from(fourierBasis(n).flatMap((row) => [...row])),
  };
  const { squares } = await runTraced(
    ({ F, grid }) => {
      const X = tf.reshape(widen(grid), [n, n * width]) as tf.Tensor2D;
      const first = tf.reshape(tf.matMul(F as tf.Tensor2D, X), [n, n, width]);
      const both = tf.matMul(tf.expandDims(F), first);
      return { squares: tf.reshape(tf.square(both), [n * n, width]) };
    },
    { F, grid },
    options,
  );
  return {
    rows: n * n,
    columns: width,
    data: squares!.data as Float64Array<ArrayBuffer>,
  };
}

/**
 * The Gini coefficient of non-negative numbers: 0 where all are equal, towards
 * 1 where one has everything. Sorted ascending,
 * G = 1 − 2 Σ_k (c_k/‖c‖₁) · (N − k + ½)/N.
 *
 * Source: Hurley & Rickard (arXiv 0811.4706), Table I.
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
