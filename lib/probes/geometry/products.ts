/**
 * Matrices in doubles: products through ONNX Runtime, singular values and
 * eigenvectors by ml-matrix.
 *
 * @module
 */

import * as tf from "../../base/tfjs.ts";
import { chunksOf } from "../../../models/size.ts";
import { type Matrix, tensorOf } from "../../numeric/matrix.ts";
import type { HostTensor } from "../../numeric/tensor.ts";
import { runTraced } from "../../onnx/runtime/compile.ts";
import type { SessionOptions } from "../../onnx/runtime/options.ts";

export type { Matrix } from "../../numeric/matrix.ts";

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
  const sum = new MatrixSum();
  for (const [from, to] of chunksOf(rows, most)) {
    const [a, b] = parts(from, to);
    const { product } = await runTraced(
      ({ a, b }) => ({
        product: tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D, true),
      }),
      { a: tensorOf(a), b: tensorOf(b) },
      options,
    );
    sum.add(matrixOfTensor(product!));
  }
  return sum.sum;
}

/** The sum of matrices of one shape. */
export class MatrixSum {
  #sum: Matrix | undefined;

  /** Adds one, whose numbers it may keep and change. */
  add(own: Matrix): void {
    this.#sum?.data.forEach((x, i, all) => all[i] = x + own.data[i]!);
    this.#sum ??= own;
  }

  /** The sum; there is one of one matrix at least. */
  get sum(): Matrix {
    return this.#sum!;
  }
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
