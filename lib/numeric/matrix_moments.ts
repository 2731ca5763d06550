/**
 * Trace and Frobenius norm of a symmetric matrix that is known by its products with
 * vectors only, from the same products.
 *
 * @module
 */

import {
  dot,
  type Estimate,
  estimateOf,
  type SymmetricMap,
  type Vector,
} from "./lanczos.ts";
import type { RandomStream } from "./random.ts";

/** The first two moments of a spectrum. */
export interface MatrixMoments {
  /** Tr A = Σλ. */
  readonly trace: Estimate;
  /** Tr A² = Σλ² = ‖A‖_F². */
  readonly squares: Estimate;
  /** Whether both are exact: then their standard errors are 0. */
  readonly exact: boolean;
}

/**
 * Vectors v with E vvᵀ = I, and by how much a sum over them is to be multiplied for
 * a mean: independent signs ±1, or, where as many are asked for as there are
 * dimensions, the unit vectors, of which sums are exact.
 *
 * @param size The dimension.
 * @param count How many.
 * @param stream Where the signs come from.
 */
export function isotropic(
  size: number,
  count: number,
  stream: RandomStream,
): { readonly vectors: Iterable<Vector>; readonly exact: boolean } {
  const exact = count >= size;
  const made = function* () {
    for (let i = 0; i < (exact ? size : count); i++) {
      const v = new Float64Array(size);
      if (exact) v[i] = 1;
      else {for (let j = 0; j < size; j++) {
          v[j] = stream.uniform() < 0.5 ? -1 : 1;
        }}
      yield v;
    }
  };
  return { vectors: made(), exact };
}

/**
 * Trace and squared Frobenius norm by Hutchinson's estimator, applied to A and to
 * A²: the means of vᵀAv and of ‖Av‖² = vᵀA²v over vectors v of independent signs. Of
 * `samples` ≥ `size` the unit vectors stand in their place, and the sums
 * Σᵢ eᵢᵀAeᵢ and Σᵢ ‖Aeᵢ‖² are exact.
 *
 * Source: Hutchinson, Communications in Statistics 19 (1990).
 *
 * @param times The matrix.
 * @param size Its order.
 * @param stream Where the signs come from.
 * @param samples How many products, 2 or more.
 */
export async function matrixMoments(
  times: SymmetricMap,
  size: number,
  stream: RandomStream,
  samples: number,
): Promise<MatrixMoments> {
  const [forms, lengths]: [number[], number[]] = [[], []];
  const { vectors, exact } = isotropic(size, samples, stream);
  for (const v of vectors) {
    const product = await times(v);
    forms.push(dot(v, product));
    lengths.push(dot(product, product));
  }
  const of = exact ? exactSum : estimateOf;
  return { trace: of(forms), squares: of(lengths), exact };
}

/** A sum of all there is, as an estimate that is exact. */
export const exactSum = (values: readonly number[]): Estimate => ({
  mean: values.reduce((sum, x) => sum + x, 0),
  standard_error: 0,
  samples: values.length,
});

/**
 * The root of an estimated number, √m with the standard error s/(2√m) to first
 * order. Of few samples it is too small on average, by about s²/(8m^{3/2}).
 */
export function rootOf(
  { mean, standard_error, samples }: Estimate,
): Estimate {
  const root = Math.sqrt(mean);
  return {
    mean: root,
    standard_error: standard_error === 0 ? 0 : standard_error / (2 * root),
    samples,
  };
}

/**
 * The ratio of two independent estimates a/b, with the standard error
 * √(s_a² + (a/b)² s_b²)/|b| to first order.
 */
export function ratioOf(a: Estimate, b: Estimate): Estimate {
  const ratio = a.mean / b.mean;
  return {
    mean: ratio,
    standard_error: Math.hypot(a.standard_error, ratio * b.standard_error) /
      Math.abs(b.mean),
    samples: a.samples,
  };
}
