/**
 * What the `dynamical-stability` probe measures.
 *
 * @module
 */

import type { BatchObjective, Objective } from "../../engine/objective.ts";
import {
  type Estimate,
  lanczos,
  type SpectrumEnd,
  type SymmetricMap,
  type Vector,
} from "../../numeric/lanczos.ts";
import {
  matrixMoments,
  ratioOf,
  rootOf,
} from "../../numeric/matrix_moments.ts";
import { type RandomKey, randomKey } from "../../numeric/random.ts";
import { finite } from "../../numeric/statistics.ts";
import type { ProbeContext } from "../context/context.ts";
import {
  differentiated,
  type ExperimentAt,
  learningRateAt,
} from "../context/experiment_at.ts";
import { batchCurvature, batchesOf } from "./batch_curvature.ts";
import { perpCurvature } from "./perp_curvature.ts";

/** A number that was measured or estimated. */
export interface CurvatureEstimate {
  /** It. */
  readonly value: number;
  /**
   * The standard error of the estimate; 0 where it is exact, null where one sample
   * says nothing of it.
   */
  readonly standard_error: number | null;
  /** How many samples. */
  readonly samples: number;
  /** η times it; null where nothing says η. */
  readonly times_rate: number | null;
}

/** The result. Everything is computed in float64. */
export interface DynamicalStabilityResult {
  /** Train rows that the loss is the mean of. */
  readonly samples: number;
  /** P, the order of the Hessian. */
  readonly parameters: number;
  /** B, the rows of a batch. */
  readonly batch_size: number;
  /** How many batches were looked at. */
  readonly batches: number;
  /** Whether these are all that there are. */
  readonly all_batches: boolean;
  /** The seed of batches and random vectors. */
  readonly seed: number;
  /** η of the next update; null where nothing says it. */
  readonly learning_rate: number | null;
  /** λmax of H, by Lanczos: full batches bear 2/η. */
  readonly largest: SpectrumEnd & { readonly times_rate: number | null };
  /** Tr H: B = 1, one output and squared error bear 2/η. */
  readonly trace: CurvatureEstimate;
  /** ‖H‖_F: SGD bears √(B/μ)/η. */
  readonly frobenius: CurvatureEstimate;
  /** E_B[g_BᵀH_Bg_B/‖g_B‖²]; null where no batch has a gradient. */
  readonly batch_sharpness: CurvatureEstimate | null;
  /** Batches whose gradient is 0. */
  readonly silent_batches: number;
  /** E_B‖H_B‖_F²/Tr H, which is borne up to 2/η; null where Tr H is not above 0. */
  readonly second_moment: CurvatureEstimate | null;
  /** The largest eigenvalue behind ⊥Grad; null without it. */
  readonly perpendicular:
    | (SpectrumEnd & { readonly times_rate: number | null })
    | null;
  /** What to mind in reading it. */
  readonly notes: readonly string[];
}

/** How much is looked at. */
export interface StabilityOptions {
  /** Most products with the Hessian for an eigenvalue. */
  readonly products: number;
  /** Random vectors for trace and ‖H‖_F. */
  readonly vectors: number;
  /** Random batches. */
  readonly batches: number;
  /** Rows of each. */
  readonly batchSize: number;
  /** Of vectors and batches. */
  readonly seed: number;
}

/**
 * Measures a checkpoint.
 *
 * @param context It.
 * @param trained What it was trained with.
 * @param losses The loss of all train rows, and that of a batch.
 * @param options How much is looked at.
 * @throws {RangeError} if a product with the Hessian is not finite.
 */
export async function stabilityAt(
  context: ProbeContext,
  trained: ExperimentAt,
  { objective, ofBatch }: {
    readonly objective: Objective;
    readonly ofBatch: BatchObjective;
  },
  { products, vectors, batches: count, batchSize, seed }: StabilityOptions,
): Promise<DynamicalStabilityResult> {
  const { config, split: { train } } = trained;
  const { size, at } = objective;
  const samples = train.inputs.length;
  const times = (v: Vector) => objective.hessianTimes(at, v);
  const key = randomKey(seed);
  const rate = trained.told
    ? null
    : await learningRateAt(config, context.step ?? 0, context.host);
  const { estimated, top } = scaledBy(rate, size, products, key);
  const largest = await differentiated(trained, context, () => top(times));
  const moments = await matrixMoments(
    times,
    size,
    key("signs"),
    vectors,
  );
  const batches = batchesOf(
    samples,
    batchSize,
    count,
    key,
  );
  const of = await batchCurvature(ofBatch, batches, vectors, key);
  // Of all rows at once there is a better estimate already.
  const squares = batchSize === samples ? moments.squares : of.squares;
  const behind = trained.told
    ? undefined
    : await perpCurvature(config, objective, times);
  return {
    samples,
    parameters: size,
    batch_size: batchSize,
    batches: batches.batches.length,
    all_batches: batches.all,
    seed: seed,
    learning_rate: rate,
    largest,
    trace: estimated(moments.trace),
    frobenius: estimated(rootOf(moments.squares)),
    batch_sharpness: of.sharpness && estimated(of.sharpness),
    silent_batches: of.silent,
    second_moment: moments.trace.mean > 0
      ? estimated(ratioOf(squares, moments.trace))
      : null,
    perpendicular: behind ? await top(behind) : null,
    notes: trained.told ? [] : notesOn(trained),
  };
}

// Numbers as the result has them, with η times each.
function scaledBy(
  rate: number | null,
  size: number,
  most: number,
  key: RandomKey,
) {
  const timesRate = (x: number) => rate === null ? null : finite(rate * x);
  return {
    estimated: (x: Estimate): CurvatureEstimate => ({
      value: x.mean,
      standard_error: finite(x.standard_error),
      samples: x.samples,
      times_rate: timesRate(x.mean),
    }),
    async top(map: SymmetricMap) {
      const found = await lanczos(map, size, key("lanczos"), { most });
      const { largest: { value, residual }, products, converged } = found;
      const times_rate = timesRate(value);
      return { value, residual, products, converged, times_rate };
    },
  };
}

// What to mind in reading the result for a config.
function notesOn({ config }: ExperimentAt): string[] {
  const { optimizer, momentum, weightDecay, perpGrad, perpRenormalise } =
    config;
  return [
    ...(optimizer !== "sgd" || momentum !== 0
      ? ["the bounds are plain SGD's, and it trains otherwise"]
      : []),
    ...(perpGrad
      ? [
        "⊥Grad takes a part of the gradient: only what is said to be behind it " +
        "has its steps" +
        (perpRenormalise
          ? ", and with the gradient's length given back as it is there"
          : ""),
      ]
      : []),
    ...(weightDecay > 0
      ? ["weight decay is no part of the Hessian: it adds to every eigenvalue"]
      : []),
  ];
}
