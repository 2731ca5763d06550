/**
 * The scatter of features within classes over that between class means.
 *
 * @module
 */

import { type Eigen, symmetricEigen } from "../../numeric/eigen.ts";
import {
  frobeniusNorm,
  matrixOf,
  product,
  transposed,
} from "../../numeric/matrix.ts";
import type { SessionOptions } from "../../onnx/runtime/options.ts";
import { crossProduct, type Matrix } from "./products.ts";

/** A matrix over a number. */
export const over = (n: number, matrix: Matrix): Matrix => ({
  ...matrix,
  data: matrix.data.map((value) => value / n),
});

/**
 * Tr(Σ_W Σ_B⁺)/C = Σ_i uᵢᵀ Σ_W uᵢ / λᵢ / C over the eigenvectors of Σ_B = MᵀM/C.
 *
 * @param within Σ_W, [width, width].
 * @param M The centred class means, [C, width].
 * @param options Where products are multiplied.
 */
export async function traceOfRatio(
  within: Matrix,
  M: Matrix,
  options: SessionOptions,
): Promise<number> {
  const { rows: C, columns: width } = M;
  const { values, vectors } = await betweenEigen(M, options);
  const least = values[0]! * C * Number.EPSILON;
  let trace = 0;
  values.forEach((value, k) => {
    if (!(value > least)) return;
    const u = vectors[k]!;
    for (let i = 0; i < width; i++) {
      let sum = 0;
      for (let j = 0; j < width; j++) {
        sum += within.data[i * width + j]! * u[j]!;
      }
      trace += u[i]! * sum / value;
    }
  });
  return values[0]! > 0 ? trace / C : NaN;
}

// Of fewer classes than features MMᵀ/C is the smaller matrix: with Mᵀv its
// eigenvectors v are those of MᵀM/C to the same eigenvalues, the others being 0.
async function betweenEigen(
  M: Matrix,
  options: SessionOptions,
): Promise<Eigen> {
  const { rows: C, columns: width } = M;
  if (C >= width) {
    return await symmetricEigen(over(C, await crossProduct(M, M, options)));
  }
  const T = transposed(M);
  const { values, vectors } = await symmetricEigen(
    over(C, await crossProduct(T, T, options)),
  );
  return {
    values,
    vectors: vectors.map((v) => {
      const u = product(T, matrixOf(C, 1, v)).data;
      const length = frobeniusNorm({ data: u });
      return u.map((x) => x / length);
    }),
  };
}
