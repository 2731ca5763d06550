/**
 * Matrices in doubles: products through ONNX Runtime, singular values and
 * eigenvectors by ml-matrix.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
import type { SessionOptions } from "../../onnx/runtime/session.ts";
import type { HostTensor } from "../../numeric/tensor.ts";
import { runTraced } from "../../onnx/runtime/compile.ts";
import { chunksOf } from "../../engine/size.ts";
import type { Matrix } from "../context/context.ts";
import { allFinite } from "../probe.ts";

export type { Matrix } from "../context/context.ts";

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

const matrixOfTensor = ({ shape, data }: HostTensor): Matrix => ({
  rows: shape[0]!,
  columns: shape[1]!,
  data: data as Float64Array<ArrayBuffer>,
});

/**
 * AᵀB, [p, q], of matrices with the same number n of rows, [n, p] and [n, q].
 *
 * @param options Where it is multiplied.
 */
export function crossProduct(
  a: Matrix,
  b: Matrix,
  options: SessionOptions = {},
): Promise<Matrix> {
  return crossProductOf(
    a.rows,
    Math.max(a.columns, b.columns),
    (from, to) => [part(a, from, to), part(b, from, to)],
    options,
  );
}

/**
 * The same of matrices that are made part by part, so that not all of their rows
 * are there at once.
 *
 * @param rows How many there are.
 * @param columns The more that one of them has.
 * @param parts Makes rows of both, from and to.
 * @param options Where it is multiplied.
 */
export async function crossProductOf(
  rows: number,
  columns: number,
  parts: (from: number, to: number) => readonly [a: Matrix, b: Matrix],
  options: SessionOptions = {},
): Promise<Matrix> {
  // The transposed copy that a product makes is bounded, too.
  const most = Math.ceil(AT_ONCE / columns);
  let sum: Matrix | undefined;
  for (const [from, to] of chunksOf(rows, most)) {
    const [a, b] = parts(from, to);
    const { product } = await runTraced(
      ({ a, b }) => ({
        product: tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D, true),
      }),
      { a: tensorOf(a), b: tensorOf(b) },
      options,
    );
    const own = matrixOfTensor(product!);
    sum?.data.forEach((x, i, all) => all[i] = x + own.data[i]!);
    sum ??= own;
  }
  return sum!;
}

// Of matrices of more numbers products are sums of parts'.
const AT_ONCE = 2 ** 24;

/** Some rows of a matrix, where they lie. */
export function part(
  { columns, data }: Matrix,
  from: number,
  to: number,
): Matrix {
  const own = data.subarray(from * columns, to * columns);
  return { rows: to - from, columns, data: own };
}

/** The mean of numbers. */
export function mean(v: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < v.length; i++) sum += v[i]!;
  return sum / v.length;
}

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

/** Eigenvalues, the largest first, with their unit eigenvectors. */
export interface Eigen {
  /** λ, descending. */
  readonly values: readonly number[];
  /** The eigenvector of each. */
  readonly vectors: readonly Float64Array[];
}

async function decomposed({ rows, columns, data }: Matrix) {
  const { EigenvalueDecomposition, Matrix } = await import("ml-matrix");
  return new EigenvalueDecomposition(
    Matrix.from1DArray(rows, columns, data),
    { assumeSymmetric: true },
  );
}

/** The eigenvalues and eigenvectors of a symmetric matrix. */
export async function symmetricEigen(matrix: Matrix): Promise<Eigen> {
  const { rows } = matrix;
  const { realEigenvalues, eigenvectorMatrix } = await decomposed(matrix);
  const order = realEigenvalues.map((_, i) => i)
    .sort((i, j) => realEigenvalues[j]! - realEigenvalues[i]!);
  return {
    values: order.map((i) => realEigenvalues[i]!),
    vectors: order.map((i) =>
      Float64Array.from(
        { length: rows },
        (_, row) => eigenvectorMatrix.get(row, i),
      )
    ),
  };
}

/**
 * The singular values, the largest first, by ml-matrix's decomposition.
 *
 * @param matrix Of some hundreds of rows and columns: the time grows with their
 * product times the smaller of them.
 */
export async function singularValues(
  { rows, columns, data }: Matrix,
): Promise<number[]> {
  const { Matrix, SingularValueDecomposition } = await import("ml-matrix");
  return new SingularValueDecomposition(
    Matrix.from1DArray(rows, columns, data),
    {
      autoTranspose: true,
      computeLeftSingularVectors: false,
      computeRightSingularVectors: false,
    },
  ).diagonal.toSorted((a, b) => b - a);
}

/**
 * The singular values of a matrix, the largest first, from its Gram matrix XᵀX or
 * XXᵀ, [k, k]: the roots of its eigenvalues. What lies below k·ε of the largest
 * eigenvalue cannot be told from 0 and is taken for it, so that a singular value
 * below √(k·ε) of the largest is 0. NaN where the matrix is not finite.
 */
export async function rootsOfGram(gram: Matrix): Promise<number[]> {
  // The decomposition does not end where there are no numbers.
  if (!allFinite(gram.data)) return Array(gram.rows).fill(NaN);
  const { realEigenvalues } = await decomposed(gram);
  const values = realEigenvalues.toSorted((a, b) => b - a);
  const least = values[0]! * gram.rows * Number.EPSILON;
  return values.map((x) => x > least ? Math.sqrt(x) : 0);
}

/** Which of n rows to take where no more than `most` are wanted, evenly spread. */
export function evenPlaces(n: number, most: number): number[] {
  const count = Math.min(n, most);
  return Array.from({ length: count }, (_, i) => Math.floor(i * n / count));
}
