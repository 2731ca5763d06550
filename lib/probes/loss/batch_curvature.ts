/**
 * The curvature of batches: what SGD meets, where gradient descent meets that of all
 * rows.
 *
 * @module
 */

import { hypotOf } from "../../base/extremes.ts";
import type { BatchObjective } from "../../engine/objective.ts";
import {
  dot,
  type Estimate,
  estimateOf,
  type Vector,
} from "../../numeric/lanczos.ts";
import { exactSum, isotropic } from "../../numeric/matrix_moments.ts";
import { permutation, type RandomKey, sample } from "../../numeric/random.ts";

/** The batches that something is measured of. */
export interface Batches {
  /** Rows of each. */
  readonly batches: readonly (readonly number[])[];
  /** Whether these are all that there are. */
  readonly all: boolean;
}

/**
 * Batches of different rows, each drawn by itself; all that there are, where that is
 * no more: every row of its own, or all rows at once.
 *
 * @param rows How many rows there are.
 * @param size Rows of a batch.
 * @param count How many batches.
 * @param key Where the randomness comes from.
 */
export function batchesOf(
  rows: number,
  size: number,
  count: number,
  key: RandomKey,
): Batches {
  const stream = key("batches");
  if (size === rows) {
    return { batches: [Array.from({ length: rows }, (_, i) => i)], all: true };
  }
  if (size === 1 && count >= rows) {
    return {
      batches: permutation(rows, stream).map((row) => [row]),
      all: true,
    };
  }
  return {
    batches: Array.from({ length: count }, () => sample(size, rows, stream)),
    all: false,
  };
}

/** What batches are like. */
export interface BatchCurvature {
  /**
   * E_B[g_BᵀH_Bg_B/‖g_B‖²] over the batches that have a gradient; null where none
   * has.
   */
  readonly sharpness: Estimate | null;
  /** Batches whose gradient is 0: their sharpness is not defined. */
  readonly silent: number;
  /** E_B‖H_B‖_F². */
  readonly squares: Estimate;
}

/**
 * Measures batches: the curvature of each along its own gradient, and ‖H_B‖_F² as
 * ‖H_Bv‖² of a vector v of signs (of all unit vectors, where `vectors` is at least
 * as many).
 *
 * @param objective The loss of a batch.
 * @param batches Which.
 * @param vectors Whether ‖H_B‖_F is exact: only if at least the parameters.
 * @param key Where the signs come from.
 */
export async function batchCurvature(
  objective: BatchObjective,
  { batches, all }: Batches,
  vectors: number,
  key: RandomKey,
): Promise<BatchCurvature> {
  const { at, size } = objective;
  const stream = key("batch signs");
  const [ratios, squares]: [number[], number[]] = [[], []];
  let exact = true;
  for (const rows of batches) {
    const times = (v: Vector) => objective.hessianTimes(rows, at, v);
    const gradient = await objective.gradient(rows, at);
    // Of unit length, lest the squares of a small gradient leave the range.
    const length = hypotOf(gradient);
    if (length > 0) {
      const u = gradient.map((x) => x / length) as Vector;
      ratios.push(dot(u, await times(u)));
    }
    const probed = isotropic(size, vectors >= size ? size : 1, stream);
    exact &&= probed.exact;
    let sum = 0;
    for (const v of probed.vectors) {
      const product = await times(v);
      sum += dot(product, product);
    }
    squares.push(sum);
  }
  const averaged = (values: readonly number[], exact: boolean): Estimate =>
    exact
      ? { ...exactSum(values), mean: exactSum(values).mean / values.length }
      : estimateOf(values);
  return {
    sharpness: ratios.length === 0 ? null : averaged(ratios, all),
    silent: batches.length - ratios.length,
    squares: averaged(squares, all && exact),
  };
}
