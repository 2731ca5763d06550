/**
 * The `dynamical-stability` probe: what gradient descent, and SGD, bear of the
 * loss's curvature.
 *
 * @module
 */

import { short } from "../../base/terminal.ts";
import { openBatchObjective, openObjective } from "../../engine/objective.ts";
import type { SpectrumEnd } from "../../numeric/lanczos.ts";
import { integer, nullable, type Setting } from "../../settings/setting.ts";
import { type ExperimentAt, inPrecision } from "../context/experiment_at.ts";
import { checkHessian } from "../context/hessian_memory.ts";
import { NotApplicableError } from "../context/not_applicable.ts";
import { experimentOf } from "../foreign/experiment_of.ts";
import type { Probe } from "../probe.ts";
import { finiteCurvature } from "./finite_curvature.ts";
import { edgeOfStability } from "./edge_of_stability.ts";
import {
  type CurvatureEstimate,
  type DynamicalStabilityResult,
  stabilityAt,
} from "./stability_at.ts";

/** What the probe can be told. */
export type DynamicalStabilitySettings = {
  readonly lanczosProducts: Setting<number>;
  readonly stabilityVectors: Setting<number>;
  readonly stabilityBatches: Setting<number>;
  readonly stabilityBatchSize: Setting<number | null>;
  readonly stabilitySeed: Setting<number>;
};

/**
 * Measures of curvature, each with the bound that a stable minimum keeps under plain
 * SGD with the rate η and batches of B rows. Linearised about a minimum, the distance
 * from it goes as w ← (I − ηH_B)w.
 *
 * - Full batch: it shrinks iff λmax(H) ≤ 2/η.
 * - In the mean square it can only shrink if E_B‖H_B‖_F² ≤ (2/η) Tr H. The map
 *   M(Σ) = E[(I − ηH_B)Σ(I − ηH_B)] is self-adjoint, so its largest eigenvalue is at
 *   least ⟨I, M(I)⟩/⟨I, I⟩, which is above 1 otherwise.
 * - With B = 1, squared error and one output H_i has rank 1 at an exact fit, so
 *   E‖H_i‖_F² = E (Tr H_i)² ≥ (Tr H)²: from the above, Tr H ≤ 2/η. That is the bound
 *   of Wu & Su. With C outputs the rank is C, and Tr H may be C times as much.
 * - ‖H‖_F ≤ √(B/μ)/η with μ how the gradients' noise lies along H (not measured).
 * - Batch sharpness E_B[g_BᵀH_Bg_B/‖g_B‖²], which is said to settle at 2/η.
 *
 * Trace and ‖H‖_F are Hutchinson's estimates from the same products Hv, of as many
 * vectors as told, and exact from P vectors on; batches are drawn with their rows
 * all different, and are all that there are where these are no more.
 *
 * Sources: Wu & Su (arXiv 2305.17490) for Tr H and λmax; Wu, Wang & Su (arXiv
 * 2207.02628) for ‖H‖_F; Andreyev & Beneventano (arXiv 2412.20553) for batch
 * sharpness. The bound of E_B‖H_B‖_F², as a Rayleigh quotient, is our own derivation.
 */
export const dynamicalStability: Probe<
  "dynamical-stability",
  DynamicalStabilityResult,
  DynamicalStabilitySettings
> = {
  of: "checkpoint",
  name: "dynamical-stability",
  describe: "λmax, trace, ‖H‖_F and batch sharpness, times the learning rate",
  needs: "a checkpoint that says its config, or --split and --loss",
  costly: "multiplies hundreds of vectors with the Hessians of batches",
  settings: {
    lanczosProducts: edgeOfStability.settings!.lanczosProducts,
    stabilityVectors: integer(
      [2, 100000],
      50,
      "<n>",
      "dynamical-stability: random vectors for trace and ‖H‖_F, exact from " +
        "the number of parameters on",
    ),
    stabilityBatches: integer(
      [2, 100000],
      200,
      "<n>",
      "dynamical-stability: random batches for batch sharpness",
    ),
    stabilityBatchSize: nullable(integer(
      [1],
      1,
      "<n>",
      "dynamical-stability: rows of a batch (default: the run's own)",
    )),
    stabilitySeed: integer(
      [0],
      0,
      "<n>",
      "dynamical-stability: seed of batches and random vectors",
    ),
  },

  async compute(context, settings) {
    const trained = await experimentOf(context);
    checkHessian(trained);
    const experiment = inPrecision(trained, "float64");
    const rows = rowsOf(trained, settings.stabilityBatchSize);
    const { buffers } = experiment;
    const objective = openObjective(experiment, buffers, context.host);
    const ofBatch = openBatchObjective(experiment, rows, buffers, context.host);
    try {
      return await finiteCurvature(
        context,
        () =>
          stabilityAt(context, trained, { objective, ofBatch }, {
            products: settings.lanczosProducts,
            vectors: settings.stabilityVectors,
            batches: settings.stabilityBatches,
            batchSize: rows,
            seed: settings.stabilitySeed,
          }),
      );
    } finally {
      await objective.close();
      await ofBatch.close();
    }
  },

  curves: ({ largest, trace, frobenius, batch_sharpness, perpendicular }) => ({
    largest_times_rate: largest.times_rate,
    trace_times_rate: trace.times_rate,
    frobenius_times_rate: frobenius.times_rate,
    batch_sharpness_times_rate: batch_sharpness?.times_rate ?? null,
    perpendicular_times_rate: perpendicular?.times_rate ?? null,
  }),

  text(result) {
    const { samples, parameters, learning_rate, batch_size, batches } = result;
    const { largest, trace, frobenius, batch_sharpness } = result;
    const { second_moment, perpendicular, silent_batches, notes } = result;
    const line = (
      name: string,
      x: CurvatureEstimate | null,
      of: string,
      edge: string,
    ) =>
      `${name} ${x ? short(x.value) : "none"}` +
      (x ? ` ± ${short(x.standard_error)} (${x.samples} ${of})` : "") +
      timesRate(x?.times_rate ?? null, edge);
    const end = (name: string, x: SpectrumEnd, rate: number | null) =>
      `${name} ${short(x.value)} ± ${short(x.residual)} (${x.products} ` +
      `products${x.converged ? "" : ", not converged"})` +
      timesRate(rate, "2 is the edge of full batches");
    return [
      `Hessian of the mean loss of ${samples} train rows, ${parameters} ` +
      `parameters; B = ${batch_size}` +
      (learning_rate === null ? "" : `; η = ${short(learning_rate)}`) +
      `; seed ${result.seed}`,
      end("largest eigenvalue", largest, largest.times_rate),
      line("trace", trace, "vectors", "2 is the edge of B = 1, one output"),
      line("‖H‖_F", frobenius, "vectors", "the edge is √(B/μ)"),
      line(
        "batch sharpness",
        batch_sharpness,
        `of ${batches} batches`,
        "said to settle at 2",
      ) + (silent_batches > 0 ? `; ${silent_batches} have no gradient` : ""),
      line("E‖H_B‖_F²/Tr H", second_moment, "samples", "2 is the edge"),
      ...(perpendicular
        ? [end("behind ⊥Grad", perpendicular, perpendicular.times_rate)]
        : []),
      ...notes.map((note) => `note: ${note}`),
    ];
  },
};

const timesRate = (x: number | null, edge: string) =>
  x === null ? "" : `; times η ${short(x)}: ${edge}`;

// Rows of a batch: as told, or the run's own.
function rowsOf(
  { split: { train }, config, told }: ExperimentAt,
  size: number | null,
): number {
  const rows = train.inputs.length;
  const wanted = size ?? (told ? null : config.batchSize) ?? rows;
  if (wanted <= rows) return wanted;
  throw new NotApplicableError(
    `--stability-batch-size must be at most ${rows}, the train rows, got ` +
      `${wanted}`,
  );
}
