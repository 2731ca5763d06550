/**
 * The plane in which a trajectory of weights moves most.
 *
 * @module
 */

import { symmetricEigen } from "../../numeric/eigen.ts";
import type { Vector } from "../../numeric/lanczos.ts";
import { type Matrix, matrixOf } from "../../numeric/matrix.ts";

/** A point or a direction in the plane. */
export type Pair = readonly [first: number, second: number];

/** A plane through the mean of some points. */
export interface PrincipalPlane {
  /** The coordinates of the points, from their mean. */
  readonly points: readonly Pair[];
  /** The share of the points' variance along each axis. */
  readonly explained: Pair;
  /** The coordinates of a direction; its length is 1 or less. */
  project(direction: Vector): Pair;
}

/**
 * The first two principal components of points in a space of many dimensions.
 * With X the centred points, a row each, they are the eigenvectors e of the small
 * matrix XXᵀ, from which the axes are Xᵀe/√λ and the coordinates √λ·e. An axis
 * points to where the last point lies.
 *
 * Source: Li et al. (arXiv 1712.09913), Section 7.2, PCA of trajectories; its use
 * for naïve loss minimisation: Prieto et al. (arXiv 2501.04697), Figure 7.
 *
 * ```ts
 * import { principalPlane } from "@groklab/groklab/probes";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const line = [0, 1, 2].map((t) => Float64Array.of(3 * t, 4 * t, 7));
 * const { points, explained } = await principalPlane(line);
 * assertAlmostEquals(explained[0], 1);
 * assertAlmostEquals(points[2]![0], 5); // from the mean
 * ```
 *
 * @param points Two or more, of one length.
 */
export async function principalPlane(
  points: readonly Vector[],
): Promise<PrincipalPlane> {
  const count = points.length;
  const size = points[0]!.length;
  const mean = new Float64Array(size);
  for (const point of points) {
    for (let i = 0; i < size; i++) mean[i]! += point[i]! / count;
  }
  const { values, vectors } = await symmetricEigen(gramOf(points, mean));
  const total = values.reduce((sum, value) => sum + Math.max(value, 0), 0);
  const components = [0, 1].map((n) => {
    const value = Math.max(values[n] ?? 0, 0);
    const e = vectors[n] ?? new Float64Array(count);
    // Below rounding there is no axis.
    const root = value > total * count * Number.EPSILON ? Math.sqrt(value) : 0;
    const sign = e[count - 1]! < 0 ? -1 : 1;
    const coordinates = Array.from(e, (x) => sign * root * x);
    const axis = new Float64Array(size);
    if (root > 0) {
      points.forEach((point, t) => {
        const weight = sign * e[t]! / root;
        for (let k = 0; k < size; k++) {
          axis[k]! += weight * (point[k]! - mean[k]!);
        }
      });
    }
    return { coordinates, axis, share: total > 0 ? value / total : 0 };
  });
  const [first, second] = components as [
    typeof components[number],
    typeof components[number],
  ];
  const along = (axis: Vector, direction: Vector) =>
    axis.reduce((sum, x, k) => sum + x * direction[k]!, 0);
  return {
    points: points.map((_, t) => [
      first.coordinates[t]!,
      second.coordinates[t]!,
    ]),
    explained: [first.share, second.share],
    project: (direction) => [
      along(first.axis, direction),
      along(second.axis, direction),
    ],
  };
}

// (a − m)·(b − m) of each two points, without a copy of every point.
function gramOf(points: readonly Vector[], mean: Float64Array): Matrix {
  const count = points.length;
  const gram = new Float64Array(count * count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j <= i; j++) {
      const [a, b] = [points[i]!, points[j]!];
      let sum = 0;
      for (let k = 0; k < mean.length; k++) {
        sum += (a[k]! - mean[k]!) * (b[k]! - mean[k]!);
      }
      gram[i * count + j] = gram[j * count + i] = sum;
    }
  }
  return matrixOf(count, count, gram);
}
