/**
 * The `opposing-signals` probe: groups of rows whose losses swing against each other.
 *
 * @module
 */

import { short, table } from "../../base/terminal.ts";
import { openObjective } from "../../engine/objective.ts";
import { dot, type Vector } from "../../numeric/lanczos.ts";
import { randomKey, sample } from "../../numeric/random.ts";
import { finite, mean } from "../../numeric/statistics.ts";
import {
  integer,
  nullable,
  type Setting,
  type Values,
} from "../../settings/setting.ts";
import type { Examples } from "../../data/dataset.ts";
import type { ProbeContext } from "../context/context.ts";
import {
  type ExperimentAt,
  experimentAt,
  inPrecision,
} from "../context/experiment_at.ts";
import { checkHessian } from "../context/hessian_memory.ts";
import { NotApplicableError } from "../context/not_applicable.ts";
import type { Probe } from "../probe.ts";
import {
  changes,
  curveOf,
  type GroupMoves,
  groupsOf,
  movesOf,
} from "./group_moves.ts";
import { followRows } from "./row_losses.ts";

/** The result. */
export interface OpposingSignalsResult {
  /** Updates that were followed. */
  readonly steps: number;
  /** Train rows. */
  readonly samples: number;
  /** k, the rows of a group. */
  readonly group_rows: number;
  /** G⁺, the rows whose loss rises most at the first update; the largest rise first. */
  readonly rising: readonly number[];
  /** G⁻, those whose loss falls most; the largest fall first. */
  readonly falling: readonly number[];
  /** How they move. */
  readonly groups: GroupMoves;
  /** How two groups of k random rows do. */
  readonly control: GroupMoves;
  /** Mean |change| of the mean loss of all rows at an update. */
  readonly total_change: number;
  /** Mean losses before each update and after the last. */
  readonly losses: {
    readonly rising: readonly number[];
    readonly falling: readonly number[];
    /** Of the rows that are in neither. */
    readonly rest: readonly number[];
    readonly all: readonly number[];
  };
  /** The groups' gradients g at the checkpoint, in float64. */
  readonly gradients: {
    /** cos(g⁺, g⁻). */
    readonly cosine: number | null;
    /** uᵀg/‖g‖ of G⁺, u the unit vector of H's largest |eigenvalue|. */
    readonly rising_along_top: number | null;
    /** The same of G⁻: of opposite sign where the groups pull across the valley. */
    readonly falling_along_top: number | null;
    /** That eigenvalue, by power iteration. */
    readonly top_eigenvalue: number;
    /** ‖Hu − λu‖/|λ|. */
    readonly residual: number | null;
  };
}

/** What the probe can be told. */
export type OpposingSignalsProbeSettings = {
  readonly swingSteps: Setting<number>;
  readonly swingRows: Setting<number | null>;
};

/**
 * Two groups of train rows by what the first update does to them, δᵢ = ℓᵢ(θ₁) − ℓᵢ(θ₀):
 * the k of largest δ and the k of least, followed over the next updates. Where
 * training oscillates across a narrow valley their losses move against each other and
 * turn at every update, far more than the mean over all rows shows.
 *
 * Rosenfeld & Risteski (arXiv 2311.04163) select such groups in this way; opposition,
 * flips, leverage and the control of random rows are defined here. Opposition alone is
 * no sign of an oscillation: far from the edge groups drift apart for long.
 */
export const opposingSignalsProbe: Probe<
  "opposing-signals",
  OpposingSignalsResult,
  OpposingSignalsProbeSettings
> = {
  of: "checkpoint",
  name: "opposing-signals",
  describe: "Groups of rows whose losses swing against each other",
  needs: "a checkpoint that says its config, with its run's optimizer state",
  costly: "goes on with the training",
  settings: {
    swingSteps: integer(
      [2, 100_000],
      100,
      "<n>",
      "opposing-signals: updates to follow",
    ),
    swingRows: nullable(integer(
      [1],
      1,
      "<k>",
      "opposing-signals: rows of a group (default: 1 %, 8 at least)",
    )),
  },

  async compute(context, settings) {
    const experiment = experimentAt(context);
    const k = groupRows(context, experiment, settings);
    checkHessian(experiment);
    const { train } = await followRows(context, settings.swingSteps);
    const { rising, falling } = groupsOf(train[0]!, train[1]!, k);
    const stream = randomKey(experiment.config.seed)("opposing-signals");
    const random = sample(2 * k, train[0]!.length, stream);
    const all = train.map((losses) => mean(losses));
    const inGroups = new Set([...rising, ...falling]);
    const rest = [...train[0]!.keys()].filter((i) => !inGroups.has(i));
    const of = (rows: readonly number[]) => curveOf(train, rows);
    const total = changes(all).map(Math.abs);
    return {
      steps: settings.swingSteps,
      samples: train[0]!.length,
      group_rows: k,
      rising,
      falling,
      groups: movesOf(of(rising), of(falling), all),
      control: movesOf(of(random.slice(0, k)), of(random.slice(k)), all),
      total_change: mean(total),
      losses: {
        rising: of(rising),
        falling: of(falling),
        rest: rest.length > 0 ? of(rest) : [],
        all,
      },
      gradients: await gradientsOf(context, experiment, rising, falling),
    };
  },

  curves: ({ groups }) => ({
    opposition: groups.opposition,
    flips: groups.flips,
    leverage: groups.leverage,
  }),

  text(result) {
    const { steps, samples, group_rows, groups, control, gradients } = result;
    const row = (
      name: string,
      { opposition, flips, group_change, leverage }: GroupMoves,
    ) => [
      name,
      opposition.toFixed(2),
      flips.toFixed(2),
      short(group_change),
      short(leverage),
    ];
    return [
      `${group_rows} of ${samples} train rows in each group, over ${steps} ` +
      "updates",
      ...table([
        ["", "opposition", "flips", "|change|", "over all rows'"],
        row("groups", groups),
        row("random rows", control),
      ]),
      `cos of the groups' gradients ${
        short(gradients.cosine)
      }; along the top ` +
      `direction of the Hessian (${short(gradients.top_eigenvalue)}) ` +
      `${short(gradients.rising_along_top)} and ` +
      short(gradients.falling_along_top),
    ];
  },
};

// k, and that there are so many rows.
function groupRows(
  { model }: ProbeContext,
  { split }: ExperimentAt,
  { swingRows }: Values<OpposingSignalsProbeSettings>,
): number {
  const rows = split.train.inputs.length;
  const k = swingRows ?? Math.max(8, Math.round(rows / 100));
  if (2 * k <= rows) return k;
  throw new NotApplicableError(
    `${model.source} was trained on ${rows} rows, which are fewer than two ` +
      `groups of ${k}: --swing-rows must be at most ${Math.floor(rows / 2)}`,
  );
}

const ITERATIONS = 60;

async function gradientsOf(
  { host }: ProbeContext,
  trained: ExperimentAt,
  rising: readonly number[],
  falling: readonly number[],
): Promise<OpposingSignalsResult["gradients"]> {
  const experiment = inPrecision(trained, "float64");
  const { split, buffers, config } = experiment;
  const gradientOf = async (rows: readonly number[]) => {
    const train = picked(split.train, rows);
    const own = { ...experiment, split: { ...split, train } };
    const objective = openObjective(own, buffers, host);
    try {
      return await objective.gradient(objective.at);
    } finally {
      await objective.close();
    }
  };
  const [up, down] = [await gradientOf(rising), await gradientOf(falling)];
  const objective = openObjective(experiment, buffers, host);
  try {
    const stream = randomKey(config.seed)("power-iteration");
    let u = unit(Float64Array.from(
      { length: objective.size },
      () => stream.normal(),
    ));
    let [value, residual] = [0, NaN];
    for (let i = 0; i < ITERATIONS; i++) {
      const Hu = await objective.hessianTimes(objective.at, u);
      value = dot(u, Hu);
      const rest = Hu.map((x, j) => x - value * u[j]!) as Vector;
      residual = Math.sqrt(dot(rest, rest)) / Math.abs(value);
      if (!(residual > 1e-6)) break;
      u = unit(Hu);
    }
    return {
      cosine: finite(dot(unit(up), unit(down))),
      rising_along_top: finite(dot(u, unit(up))),
      falling_along_top: finite(dot(u, unit(down))),
      top_eigenvalue: value,
      residual: finite(residual),
    };
  } finally {
    await objective.close();
  }
}

const unit = (v: Vector): Vector => {
  const length = Math.sqrt(dot(v, v));
  return v.map((x) => x / length) as Vector;
};

function picked(
  { inputs, labels, targets }: Examples,
  rows: readonly number[],
): Examples {
  return {
    inputs: rows.map((row) => inputs[row]!),
    labels: targets ? [] : rows.map((row) => labels[row]!),
    ...(targets && { targets: rows.map((row) => targets[row]!) }),
  };
}
