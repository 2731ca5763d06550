/**
 * Linear centred kernel alignment: how alike two representations are.
 *
 * @module
 */

import {
  centred,
  crossProduct,
  frobeniusNorm,
  type Matrix,
} from "./matrices.ts";

/**
 * Linear CKA of two representations of the same n rows, with columns centred:
 *
 *     CKA(X, Y) = ‖YᵀX‖²_F / (‖XᵀX‖_F ‖YᵀY‖_F)
 *
 * 1 where one is a rotation and a scaling of the other, 0 where they have nothing
 * to do with each other; null where one of them is constant.
 *
 * Source: Kornblith et al. (arXiv 1905.00414), Section 3, Eq. 3 with linear
 * kernels. (On few rows it is above 0 of unrelated ones too.)
 *
 * @param x [n, p].
 * @param y [n, q].
 * @throws {RangeError} if they have not the same number of rows.
 */
export async function linearCka(x: Matrix, y: Matrix): Promise<number | null> {
  if (x.rows !== y.rows) {
    throw new RangeError(
      `Cannot compare representations of ${x.rows} and of ${y.rows} rows: ` +
        "they must be of the same ones",
    );
  }
  const [a, b] = [centred(x), centred(y)];
  const [ab, aa, bb] = [
    frobeniusNorm(await crossProduct(a, b)),
    frobeniusNorm(await crossProduct(a, a)),
    frobeniusNorm(await crossProduct(b, b)),
  ];
  const cka = ab ** 2 / (aa * bb);
  return Number.isFinite(cka) ? cka : null;
}
