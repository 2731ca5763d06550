/**
 * How far apart classes lie, by the angles between features.
 *
 * @module
 */

import { finite } from "../../numeric/statistics.ts";
import type { RowsFrom } from "../context/train_rows.ts";

/** How far apart classes lie. */
export interface ClassSeparation {
  /** R²; null where no row has a feature other than 0, or all have one direction. */
  readonly r2: number | null;
  /** Rows whose features are all 0, which have no direction and are left out. */
  readonly zero_rows: number;
}

/**
 * R² = 1 − d̄_within/d̄_total of cosine distances d(x, y) = 1 − cos(x, y), over the K
 * classes that have rows, each counting alike, N_k the rows of class k:
 *
 *     d̄_within = Σ_k  Σ_{m,n} d(x_km, x_kn) / (K·N_k²)
 *     d̄_total  = Σ_jk Σ_{m,n} d(x_jm, x_kn) / (K²·N_j·N_k)
 *
 * A row's distance to itself, 0, is among them. Sums of cosines are lengths of sums:
 * with μ_k the mean of class k's features, each divided by its length,
 * d̄_within = 1 − Ave_k ‖μ_k‖² and d̄_total = 1 − ‖Ave_k μ_k‖². 1 where every class is
 * one direction of its own, 0 where the classes' means are the same.
 *
 * Source: Kornblith et al. (arXiv 2010.16402), Equation 11.
 *
 * @param parts Features, [n, width], in their order.
 * @param labels The class of each row.
 */
export async function classSeparation(
  parts: AsyncIterable<RowsFrom>,
  labels: ArrayLike<number>,
): Promise<ClassSeparation> {
  const sums = new Map<number, { sum: Float64Array; rows: number }>();
  let zero = 0;
  for await (const { first, some: { rows, columns, data } } of parts) {
    for (let i = 0; i < rows; i++) {
      const row = data.subarray(i * columns, (i + 1) * columns);
      const length = lengthOf(row);
      if (length === 0) {
        zero++;
        continue;
      }
      const label = labels[first + i]!;
      const own = sums.get(label) ??
        { sum: new Float64Array(columns), rows: 0 };
      row.forEach((x, j) => own.sum[j]! += x / length);
      own.rows++;
      sums.set(label, own);
    }
  }
  const means = [...sums.values()]
    .map(({ sum, rows }) => sum.map((x) => x / rows));
  const K = means.length;
  if (K === 0) return { r2: null, zero_rows: zero };
  const whole = means[0]!
    .map((_, j) => means.reduce((sum, mean) => sum + mean[j]! / K, 0));
  const within = 1 - means.reduce((sum, mean) => sum + square(mean) / K, 0);
  const total = 1 - square(whole);
  // Of one direction for all nothing is left but what rounding leaves.
  const none = total <= K * Number.EPSILON;
  return { r2: none ? null : finite(1 - within / total), zero_rows: zero };
}

const square = (x: Float64Array) => x.reduce((sum, v) => sum + v * v, 0);
const lengthOf = (x: Float64Array) => Math.sqrt(square(x));
