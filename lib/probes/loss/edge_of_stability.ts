/**
 * The `edge-of-stability` probe: how curved the loss is, against what the
 * learning rate bears.
 *
 * @module
 */

import { percent, short } from "../../base/terminal.ts";
import { type Objective, openObjective } from "../../engine/objective.ts";
import {
  type Estimate,
  type Extremes,
  hutchinson,
  lanczos,
  type Vector,
} from "../../numeric/lanczos.ts";
import { randomKey } from "../../numeric/random.ts";
import { integer, type Setting, type Values } from "../../settings/setting.ts";
import type { ProbeContext } from "../context/context.ts";
import {
  differentiated,
  type ExperimentAt,
  inPrecision,
  learningRateAt,
  optimizerAt,
} from "../context/experiment_at.ts";
import { checkHessian } from "../context/hessian_memory.ts";
import { experimentOf } from "../foreign/experiment_of.ts";
import {
  edgeOf,
  notesOn,
  rootOfPreconditioner,
  UNKNOWN_EDGE,
} from "./optimizer_edge.ts";
import type { Probe } from "../probe.ts";
import { finiteCurvature } from "./finite_curvature.ts";

/** The result. Everything is computed in float64. */
export interface EdgeOfStabilityResult {
  /** Train rows that the loss is the mean of. */
  readonly samples: number;
  /** P, the order of the Hessian. */
  readonly parameters: number;
  /** η of the next update; null where nothing says it. */
  readonly learning_rate: number | null;
  /** The ends of H's spectrum. */
  readonly hessian: Extremes;
  /** 2/η, the edge of plain gradient descent, whichever optimizer trains. */
  readonly two_over_rate: number | null;
  /** Tr H. */
  readonly trace: Estimate;
  /** H as Adam sees it; null where it does not train, or its state is not there. */
  readonly preconditioned:
    | (Extremes & {
      /** Parameters left out: their second moment is 0 and so is ε. */
      readonly left_out: number;
    })
    | null;
  /** Where the optimizer's own steps begin to grow. */
  readonly edge: {
    /** The formula of the threshold, or why there is none. */
    readonly formula: string;
    /** The curvature, null where no formula is known. */
    readonly threshold: number | null;
    /** Largest eigenvalue that the optimizer sees over threshold: 1 is the edge. */
    readonly ratio: number | null;
  };
  /** What to mind in reading it. */
  readonly notes: readonly string[];
}

/** What the probe can be told. */
export type EdgeOfStabilitySettings = {
  readonly lanczosProducts: Setting<number>;
  readonly traceSamples: Setting<number>;
};

/**
 * The largest eigenvalue λ of the Hessian H of the train loss, by Lanczos's method
 * on exact products Hv, its trace by Hutchinson's estimator, and both against the
 * learning rate η. On a quadratic of curvature λ gradient descent diverges where
 * λ > 2/η; full-batch training drifts there and stays: the edge of stability.
 * With heavy-ball momentum μ the edge is at 2(1 + μ)/η. For Adam it is the
 * preconditioned Hessian that counts,
 *
 *     λ(P^−½ H P^−½) against 2(1 + β₁)/((1 − β₁)η),   P = diag(√(v/(1 − β₂ᵗ)) + ε)
 *
 * with the second moment v of the run's optimizer file. Products Hv are the
 * directional derivative of the gradient's own graph (`jvp`), so no difference
 * quotient is taken; model and loss are computed in float64.
 *
 * Sources: Cohen et al. (arXiv 2103.00065), Section 2; for Adam, Cohen et al.
 * (arXiv 2207.14484), Section 2; the estimators' at {@link lanczos} and
 * {@link hutchinson}.
 */
export const edgeOfStability: Probe<
  "edge-of-stability",
  EdgeOfStabilityResult,
  EdgeOfStabilitySettings
> = {
  of: "checkpoint",
  name: "edge-of-stability",
  describe: "Largest Hessian eigenvalue and trace, against 2/η",
  needs:
    "a checkpoint that says its config, or --split and --loss; for Adam's " +
    "own Hessian, a run",
  costly: "multiplies dozens of vectors with the Hessian",
  settings: {
    lanczosProducts: integer(
      [2, 10000],
      60,
      "<n>",
      "edge-of-stability: most products with the Hessian for an eigenvalue",
    ),
    traceSamples: integer(
      [2, 100000],
      20,
      "<n>",
      "edge-of-stability: random vectors for the trace",
    ),
  },

  async compute(context, settings) {
    const trained = await experimentOf(context);
    checkHessian(trained);
    const experiment = inPrecision(trained, "float64");
    const objective = openObjective(
      experiment,
      experiment.buffers,
      context.host,
    );
    try {
      return await finiteCurvature(
        context,
        () => measured(context, trained, objective, settings),
      );
    } finally {
      await objective.close();
    }
  },

  curves: ({ hessian, trace, edge }) => ({
    largest_eigenvalue: hessian.largest.value,
    least_eigenvalue: hessian.least.converged ? hessian.least.value : null,
    trace: trace.mean,
    share_of_edge: edge.ratio,
  }),

  text(result) {
    const { samples, parameters, learning_rate, hessian, trace } = result;
    const { two_over_rate, preconditioned, edge, notes } = result;
    const took = (products: number, converged: boolean) =>
      `(${products} products${converged ? "" : ", not converged"})`;
    const ends = ({ largest, least, products, converged }: Extremes) =>
      `largest eigenvalue ${short(largest.value)} ± ` +
      `${short(largest.residual)} ${took(products, converged)}, least ` +
      `${least.converged ? "" : "at most "}${short(least.value)} ` +
      took(least.products, least.converged);
    return [
      `Hessian of the mean loss of ${samples} train rows, ${parameters} ` +
      `parameters${
        learning_rate === null ? "" : `; η = ${short(learning_rate)}`
      }`,
      ends(hessian),
      ...(two_over_rate === null ? [] : [
        `${percent(hessian.largest.value / two_over_rate)} of 2/η = ` +
        short(two_over_rate),
      ]),
      `trace ${short(trace.mean)} ± ${short(trace.standard_error)} ` +
      `(${trace.samples} samples)`,
      ...(preconditioned ? [`preconditioned: ${ends(preconditioned)}`] : []),
      edge.ratio === null
        ? `the optimizer's edge: ${edge.formula}`
        : `${percent(edge.ratio)} of the optimizer's edge, ${edge.formula} = ` +
          short(edge.threshold),
      ...notes.map((note) => `note: ${note}`),
    ];
  },
};

async function measured(
  context: ProbeContext,
  trained: ExperimentAt,
  objective: Objective,
  { lanczosProducts, traceSamples }: Values<EdgeOfStabilitySettings>,
): Promise<EdgeOfStabilityResult> {
  const { config } = trained;
  const times = (v: Vector) => objective.hessianTimes(objective.at, v);
  const key = randomKey(config.seed);
  const { size } = objective;
  const most = { most: lanczosProducts };
  const rate = trained.told ? null : await learningRateAt(
    config,
    context.step ?? 0,
    context.host,
  );
  const hessian = await differentiated(
    trained,
    context,
    () => lanczos(times, size, key("lanczos"), most),
  );
  const trace = await hutchinson(
    times,
    size,
    key("hutchinson"),
    traceSamples,
  );
  const { preconditions, ...edge } = rate === null
    ? UNKNOWN_EDGE
    : edgeOf(config, rate);
  const scaling = preconditions
    ? rootOfPreconditioner(config, objective, await optimizerAt(context))
    : undefined;
  const preconditioned = scaling && {
    ...await lanczos(
      scaledOnBothSides(times, scaling.root),
      size,
      key("lanczos"),
      most,
    ),
    left_out: scaling.left_out,
  };
  const seen = preconditions ? preconditioned : hessian;
  return {
    samples: trained.split.train.inputs.length,
    parameters: size,
    learning_rate: rate,
    hessian,
    two_over_rate: rate === null ? null : 2 / rate,
    trace,
    preconditioned: preconditioned ?? null,
    edge: {
      ...edge,
      ratio: seen && edge.threshold !== null
        ? seen.largest.value / edge.threshold
        : null,
    },
    notes: trained.told ? [] : notesOn(config, preconditions && !scaling),
  };
}

const product = (a: Vector, b: Vector): Vector =>
  a.map((x, i) => x * b[i]!) as Vector;

// v ↦ D·A·D·v, with D diagonal.
const scaledOnBothSides =
  (times: (v: Vector) => Promise<Vector>, diagonal: Vector) =>
  async (v: Vector): Promise<Vector> =>
    product(diagonal, await times(product(diagonal, v)));
