/**
 * How near vectors are to a simplex equiangular tight frame: equal lengths, and the
 * widest equal angles.
 *
 * @module
 */

import { frobeniusNorm } from "../../numeric/matrix.ts";
import { finite, mean } from "../../numeric/statistics.ts";
import type { Matrix } from "./products.ts";

/** How far vectors, one a class, are from equal lengths and equal angles. */
export interface SimplexDistance {
  /** Standard deviation of the lengths over their mean; 0 where all are equal. */
  readonly equinorm: number | null;
  /** Standard deviation of the cosines of all pairs; 0 where all are equal. */
  readonly equiangular: number | null;
  /** Mean of |cos + 1/(C − 1)| over all pairs; 0 at the widest angle there is. */
  readonly maximal_angle: number | null;
}

/**
 * NC2 of vectors, the rows of a matrix.
 *
 * @param vectors [n, width], a vector a row.
 */
export function simplexDistance(vectors: Matrix): SimplexDistance {
  const { rows, columns, data } = vectors;
  const row = (i: number) => data.subarray(i * columns, (i + 1) * columns);
  const lengths = Array.from(
    { length: rows },
    (_, i) => frobeniusNorm({ data: row(i) }),
  );
  const cosines: number[] = [];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < i; j++) {
      const [a, b] = [row(i), row(j)];
      let product = 0;
      for (let k = 0; k < columns; k++) product += a[k]! * b[k]!;
      cosines.push(product / lengths[i]! / lengths[j]!);
    }
  }
  const far = cosines.map((cos) => Math.abs(cos + 1 / (rows - 1)));
  return {
    equinorm: finite(deviation(lengths) / mean(lengths)),
    equiangular: finite(deviation(cosines)),
    maximal_angle: finite(mean(far)),
  };
}

// Of all of them, not of a sample.
const deviation = (values: readonly number[]) => {
  const centre = mean(values);
  return Math.sqrt(mean(values.map((x) => (x - centre) ** 2)));
};
