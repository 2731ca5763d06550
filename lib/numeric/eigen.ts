import { type Matrix, product, transposed } from "./matrix.ts";
import { allFinite } from "./statistics.ts";

/** Eigenvalues, the largest first, with their unit eigenvectors. */
export interface Eigen {
  /** λ, descending. */
  readonly values: readonly number[];
  /** The eigenvector of each. */
  readonly vectors: readonly Float64Array[];
}

/** A symmetric matrix, decomposed by ml-matrix; its eigenvalues have no order. */
export async function decomposed({ rows, columns, data }: Matrix) {
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

/** A matrix M as U·diag(σ)·Vᵀ. */
export interface SingularVectors {
  /** σ, the largest first. */
  readonly values: readonly number[];
  /** diag(σ)·Vᵀ, a row for each σ: [k, columns]. */
  readonly scaled: Matrix;
  /** Uᵀ, a row for each σ: [k, rows]. */
  readonly left: Matrix;
}

/**
 * The singular values with their vectors, by ml-matrix's decomposition.
 *
 * @param matrix Of some hundreds of rows and columns, as for {@link singularValues}.
 */
export async function singularVectors(
  { rows, columns, data }: Matrix,
): Promise<SingularVectors> {
  const { Matrix, SingularValueDecomposition } = await import("ml-matrix");
  const { diagonal, leftSingularVectors: U, rightSingularVectors: V } =
    new SingularValueDecomposition(
      Matrix.from1DArray(rows, columns, data),
      { autoTranspose: true },
    );
  const k = Math.min(rows, columns);
  const order = diagonal.map((_, i) => i).slice(0, k)
    .sort((i, j) => diagonal[j]! - diagonal[i]!);
  const scaled = new Float64Array(k * columns);
  const left = new Float64Array(k * rows);
  order.forEach((i, row) => {
    for (let j = 0; j < columns; j++) {
      scaled[row * columns + j] = diagonal[i]! * V.get(j, i);
    }
    for (let j = 0; j < rows; j++) left[row * rows + j] = U.get(j, i);
  });
  return {
    values: order.map((i) => diagonal[i]!),
    scaled: { rows: k, columns, data: scaled },
    left: { rows: k, columns: rows, data: left },
  };
}

/**
 * The matrix of a rank that is nearest to another: Σ_{i ≤ r} σᵢ uᵢ vᵢᵀ, by the
 * theorem of Eckart, Young and Mirsky.
 *
 * @param vectors The other's.
 * @param rank r.
 */
export function nearestOfRank(
  { scaled, left }: SingularVectors,
  rank: number,
): Matrix {
  const first = ({ columns, data }: Matrix): Matrix => ({
    rows: rank,
    columns,
    data: data.subarray(0, rank * columns),
  });
  return product(transposed(first(left)), first(scaled));
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
