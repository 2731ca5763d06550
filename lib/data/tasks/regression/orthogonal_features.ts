/**
 * A linear regression whose Hessian has a chosen trace.
 *
 * @module
 */

import {
  checkOptions,
  type Checks,
  number,
  whole,
} from "../../../base/options.ts";
import type { RandomKey, RandomStream } from "../../../numeric/random.ts";
import {
  integer,
  notNegative,
  positive,
  type Setting,
  whereRead,
} from "../../../settings/setting.ts";
import { type Dataset, datasetOfParts } from "../../dataset.ts";
import { defineTask, type TaskDefinition } from "../../definition.ts";
import { lossThreshold, regressionRows } from "./settings.ts";

/** The sizes of a regression of orthogonal features. */
export interface OrthogonalFeaturesOptions {
  /** d, how many features there are, and rows in each part. */
  readonly features: number;
  /** The trace of the Hessian of half the mean squared error. */
  readonly hessianTrace: number;
  /** ‖w*‖, the length of the weights that make the targets. */
  readonly teacherNorm: number;
}

const OPTIONS: Checks<OrthogonalFeaturesOptions> = {
  features: whole(1),
  hessianTrace: number,
  teacherNorm: number,
};

/**
 * As many rows as features: xᵢ = √T·qᵢ with q₁ … q_d orthonormal and random, and
 * targets y = w*·x. Of a linear model without biases and half the mean squared error
 * (the loss `squared-error`), L = 1/(2d)·Σᵢ(w·xᵢ − w*·xᵢ)², the Hessian is
 * 1/d·Σᵢ xᵢxᵢᵀ = (T/d)·I: its trace is T, each eigenvalue T/d. A step of SGD on row i
 * alone multiplies the part of w − w* along qᵢ by 1 − ηT and leaves the rest, so it is
 * stable where T < 2/η, while gradient descent is where T/d < 2/η.
 *
 * Test rows are drawn in the same way, with other directions.
 *
 * Source: the setting of Wu & Su (arXiv 2305.17490); the features are chosen here so
 * that each row's step is exact.
 *
 * @param options d, T and ‖w*‖.
 * @param key The random streams of the data.
 * @returns Rows of d numbers with a target of one, in parts.
 * @throws {UsageError} if an option is missing, unknown, or not what it must be.
 * @throws {RangeError} if T is not above 0.
 */
export function orthogonalFeatures(
  options: OrthogonalFeaturesOptions,
  key: RandomKey,
): Dataset {
  checkOptions("orthogonalFeatures()", options, OPTIONS, [
    "features",
    "hessianTrace",
    "teacherNorm",
  ]);
  const { features: d, hessianTrace: T, teacherNorm } = options;
  if (!(T > 0)) {
    throw new RangeError(
      `Cannot scale features to a Hessian of trace ${T}: it must be above 0`,
    );
  }
  const [teacher] = orthonormal(d, 1, key("data/teacher"));
  const part = (stream: RandomStream) =>
    regressionRows(
      orthonormal(d, d, stream).map((q) => q.map((x) => Math.sqrt(T) * x)),
      (row) => [teacherNorm * dot(row, teacher!)],
    );
  return datasetOfParts({
    train: part(key("data/train")),
    test: part(key("data/test")),
  }, 1);
}

const dot = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, x, i) => sum + x * b[i]!, 0);

// Orthonormal vectors, uniform on the sphere: Gram and Schmidt's of normal ones,
// twice, as once leaves what rounding left.
function orthonormal(
  d: number,
  count: number,
  stream: RandomStream,
): number[][] {
  const basis: number[][] = [];
  while (basis.length < count) {
    let v = Array.from({ length: d }, () => stream.normal());
    for (const q of [...basis, ...basis]) {
      const along = dot(v, q);
      v = v.map((x, i) => x - along * q[i]!);
    }
    const length = Math.sqrt(dot(v, v));
    basis.push(v.map((x) => x / length));
  }
  return basis;
}

/** The settings of the regression of orthogonal features. */
export type OrthogonalFeaturesSettings = {
  readonly features: Setting<number>;
  readonly hessianTrace: Setting<number>;
  readonly teacherNorm: Setting<number>;
  readonly lossThreshold: Setting<number | null>;
};

/** The regression of orthogonal features as a config names it. */
export const orthogonalFeaturesTask: TaskDefinition<
  OrthogonalFeaturesSettings
> = defineTask({
  summary: "linear regression whose Hessian has a chosen trace",
  settings: {
    features: whereRead(integer(
      [1, 1024],
      20,
      "<d>",
      "orthogonal-features: features, and rows (default: 20)",
    )),
    hessianTrace: whereRead(positive(
      10,
      "<T>",
      "orthogonal-features: trace of the Hessian of --loss squared-error " +
        "(default: 10)",
    )),
    teacherNorm: whereRead(notNegative(
      0,
      "<x>",
      "orthogonal-features: length of the weights that make the targets " +
        "(default: 0, all targets 0)",
    )),
    lossThreshold,
  },
  form: ({ features: d }) => ({
    input: { kind: "numbers", width: d, name: "features" },
    classes: 1,
    regression: true,
  }),
  dataset: ({ features, hessianTrace, teacherNorm }, key) =>
    orthogonalFeatures({ features, hessianTrace, teacherNorm }, key),
  describe: ({ features, hessianTrace }) =>
    `regression of ${features} orthogonal features, Hessian trace ${hessianTrace}`,
});
