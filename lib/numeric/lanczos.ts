/**
 * Eigenvalues and the trace of a symmetric matrix that is known by its products
 * with vectors only.
 *
 * @module
 */

import { checkOptions, number, whole } from "../base/options.ts";
import { decomposed } from "./eigen.ts";
import type { RandomStream } from "./random.ts";
import { mean } from "./statistics.ts";

/** A symmetric matrix as a function: v ↦ Av. */
export type SymmetricMap = (v: Vector) => Vector | Promise<Vector>;

/** An eigenvalue that was approximated. */
export interface RitzValue {
  /** θ. */
  readonly value: number;
  /** ‖Au − θu‖ of its unit vector u: an eigenvalue lies this near. */
  readonly residual: number;
}

/** One end of a spectrum. */
export interface SpectrumEnd extends RitzValue {
  /** Products with the matrix that it took. */
  readonly products: number;
  /** Whether its residual is within the tolerance. */
  readonly converged: boolean;
}

/** The ends of a spectrum. */
export interface Extremes {
  /** The largest eigenvalue. */
  readonly largest: RitzValue;
  /** Products with the matrix that the largest one took. */
  readonly products: number;
  /** Whether the largest one's residual is within the tolerance. */
  readonly converged: boolean;
  /**
   * The least eigenvalue, which often takes more products. Where it has not
   * converged the value is one that the least eigenvalue does not lie above.
   */
  readonly least: SpectrumEnd;
}

/** When to stop. */
export interface LanczosOptions {
  /**
   * The residual wanted, 10⁻³: of the largest eigenvalue as a share of the largest
   * |eigenvalue|, of the least one as a share of itself, which may be small beside
   * that.
   */
  readonly tolerance?: number;
  /** Most products with the matrix; 100. */
  readonly most?: number;
}

/** Inner product. */
export function dot(a: Vector, b: Vector): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

const addScaled = (a: Vector, s: number, b: Vector) => {
  for (let i = 0; i < a.length; i++) a[i]! += s * b[i]!;
};

/** A vector of independent standard normal numbers. */
const normals = (n: number, stream: RandomStream): Vector =>
  Float64Array.from({ length: n }, () => stream.normal());

/**
 * The largest and the least eigenvalue by Lanczos's method from a random vector,
 * every vector being made orthogonal to all before it. In the space that m
 * products span, the matrix is tridiagonal,
 *
 *     A Q = Q T + β_m q_{m+1} e_mᵀ,
 *
 * and the eigenvalues of T approach A's from inside, the outermost first. With s
 * an eigenvector of T of the value θ, u = Qs has ‖Au − θu‖ = |β_m s_m|. Once the
 * largest one has converged the space grows on for the least one.
 *
 * Source: Golub & Van Loan, Matrix Computations (4th ed.), Section 10.1; to
 * neural networks' Hessians, Ghorbani et al. (arXiv 1901.10159).
 *
 * ```ts
 * import { randomKey } from "@groklab/groklab/data";
 * import { lanczos, type Vector } from "@groklab/groklab/probes";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const times = (v: Vector) => v.map((x, i) => x * i) as Vector; // 0, 1, …, 9
 * const { largest, least } = await lanczos(times, 10, randomKey(0)("start"));
 * assertAlmostEquals(largest.value, 9, 1e-6);
 * assertAlmostEquals(least.value, 0, 1e-6);
 * ```
 *
 * @param times The matrix.
 * @param size Its order.
 * @param stream Where the first vector comes from.
 * @param options When to stop.
 * @throws {RangeError} if a product is not finite.
 */
export async function lanczos(
  times: SymmetricMap,
  size: number,
  stream: RandomStream,
  options: LanczosOptions = {},
): Promise<Extremes> {
  checkOptions("lanczos()", options, { tolerance: number, most: whole(1) });
  const { tolerance = 1e-3, most = 100 } = options;
  const basis: Vector[] = [];
  const [alpha, beta]: [number[], number[]] = [[], []];
  let top: Omit<Extremes, "least"> | undefined;
  let q = normals(size, stream);
  let norm = Math.sqrt(dot(q, q));
  for (;;) {
    q = q.map((x) => x / norm) as Vector;
    basis.push(q);
    const w = (await times(q)).slice() as Vector;
    const a = dot(q, w);
    if (!Number.isFinite(a)) {
      throw new RangeError(
        "Cannot find eigenvalues: a product with the matrix is not finite",
      );
    }
    const scale = Math.sqrt(dot(w, w));
    // Twice: what rounding leaves of one projection the other takes.
    for (let pass = 0; pass < 2; pass++) {
      for (const other of basis) addScaled(w, -dot(other, w), other);
    }
    norm = Math.sqrt(dot(w, w));
    alpha.push(a);
    // Nothing is left but rounding: the space is whole, and T's eigenvalues are.
    const whole = norm <= Number.EPSILON * size * scale ||
      basis.length === size;
    beta.push(whole ? 0 : norm);
    const products = basis.length;
    const last = whole || products >= most;
    if (last || products % 5 === 0) {
      const [least, largest] = await endsOf(alpha, beta);
      const within = ({ residual }: RitzValue, size: number) =>
        residual <= tolerance * size;
      const own = Math.abs(least.value);
      const converged = within(
        largest,
        Math.max(own, Math.abs(largest.value)),
      );
      if (last || converged) top ??= { largest, products, converged };
      const found = within(least, own);
      if (top && (last || found)) {
        return { ...top, least: { ...least, products, converged: found } };
      }
    }
    q = w;
  }
}

// The ends of a tridiagonal matrix's spectrum with their residuals; the last
// number of beta lies behind it.
async function endsOf(
  alpha: readonly number[],
  beta: readonly number[],
): Promise<[least: RitzValue, largest: RitzValue]> {
  const m = alpha.length;
  const data = new Float64Array(m * m);
  for (let i = 0; i < m; i++) {
    data[i * m + i] = alpha[i]!;
    if (i + 1 < m) data[i * m + i + 1] = data[(i + 1) * m + i] = beta[i]!;
  }
  const { realEigenvalues, eigenvectorMatrix: S } = await decomposed({
    rows: m,
    columns: m,
    data,
  });
  const order = realEigenvalues.map((_, i) => i)
    .sort((a, b) => realEigenvalues[a]! - realEigenvalues[b]!);
  const ritz = (i: number): RitzValue => ({
    value: realEigenvalues[i]!,
    residual: Math.abs(beta[m - 1]! * S.get(m - 1, i)),
  });
  return [ritz(order[0]!), ritz(order[m - 1]!)];
}

/** A mean of random samples. */
export interface Estimate {
  /** Their mean. */
  readonly mean: number;
  /** Standard deviation of the mean: that of the samples over √samples. */
  readonly standard_error: number;
  /** How many. */
  readonly samples: number;
}

/**
 * The trace by Hutchinson's estimator: the mean of vᵀAv over vectors v of
 * independent signs ±1. Its variance is 2 Σ_{i≠j} A_ij², so of a diagonal matrix
 * every sample is the trace itself.
 *
 * Source: Hutchinson, Communications in Statistics 19 (1990).
 *
 * @param times The matrix.
 * @param size Its order.
 * @param stream Where the signs come from.
 * @param samples How many vectors, 2 or more.
 */
export async function hutchinson(
  times: SymmetricMap,
  size: number,
  stream: RandomStream,
  samples: number,
): Promise<Estimate> {
  const values: number[] = [];
  for (let i = 0; i < samples; i++) {
    const v = Float64Array.from(
      { length: size },
      () => stream.uniform() < 0.5 ? -1 : 1,
    );
    values.push(dot(v, await times(v)));
  }
  return estimateOf(values);
}

/**
 * The mean of independent samples, with its standard error; of one alone that is
 * NaN.
 */
export function estimateOf(values: readonly number[]): Estimate {
  const samples = values.length;
  const middle = mean(values);
  const squares = values.reduce((sum, x) => sum + (x - middle) ** 2, 0);
  const standard_error = Math.sqrt(squares / (samples - 1) / samples);
  return { mean: middle, standard_error, samples };
}

/** Parameters as one long vector, tensor behind tensor in their order. */
export type Vector = Float64Array<ArrayBuffer>;
