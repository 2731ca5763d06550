/**
 * What the figure of large learning rates trains, and what it measures of a run.
 *
 * @module
 */

import { probe } from "../../../probes/asking/probe_checkpoint.ts";
import { checkpointsOf, readMetrics } from "../../../runs/read.ts";
import type { Arm, Json, RunRecord } from "../../figure.ts";
import { adamw, mlp, parityMlp, sgd } from "../../paper/settings.ts";
import { measureOf } from "../../readings.ts";

// Eight from 0.02 to 2, evenly spaced in their logarithms.
const rates = Array.from(
  { length: 8 },
  (_, i) => Number((0.02 * 100 ** (i / 7)).toPrecision(2)),
);

// A hundred over the rate is about what memorising takes; 200 evaluations.
const stepsAt = (lr: number) => Math.max(600, 200 * Math.ceil(300 / lr / 200));

const { samples: _, trainFraction: __, ...bits } = parityMlp;

/** Parity beside a spurious bit, by rate. */
export const spurious: readonly Arm[] = rates.map((lr) => {
  const steps = stepsAt(lr);
  const every = steps / 200;
  return {
    name: `parity-lr${lr}`,
    label: `parity, lr ${lr}`,
    config: {
      ...bits,
      ...sgd,
      task: "spurious-parity",
      bits: 20,
      parityBits: 2,
      spuriousAgreement: 0.95,
      spuriousScale: 0.3,
      trainRows: 1000,
      testRows: 1000,
      hidden: [64],
      loss: "softmax",
      lossPrecision: "float32",
      lr,
      steps,
      evalEvery: every,
      checkpointEvery: every,
    },
    quick: { hidden: [32] },
    columns: [
      "aligned_accuracy",
      "conflicting_accuracy",
      "randomised_accuracy",
    ],
  };
});

/** How addition is learnt: by which optimizer, with decay or without. */
export const families = {
  sgd: {
    label: "SGD, no decay",
    config: { ...sgd, weightDecay: 0 },
    rates: [3, 10, 30, 100, 300],
  },
  adamw: {
    label: "AdamW, no decay",
    config: { ...adamw, weightDecay: 0 },
    rates: [0.001, 0.003, 0.01, 0.03, 0.1],
  },
  decay: {
    label: "AdamW, weight decay 1",
    config: { ...adamw, weightDecay: 1 },
    rates: [0.001, 0.003, 0.01, 0.03, 0.1],
  },
} as const;
/** Their names. */
export type Family = keyof typeof families;

const additionBy = (family: Family): Arm[] =>
  families[family].rates.map((lr) => ({
    name: `${family}-lr${lr}`,
    label: `${families[family].label}, lr ${lr}`,
    config: {
      ...mlp,
      ...families[family].config,
      modulus: 47,
      trainFraction: 0.8,
      hidden: [128],
      loss: "softmax",
      lossPrecision: "float32",
      lr,
      steps: 3000,
    },
    quick: { modulus: 31, hidden: [64], steps: 1500 },
  }));

/** Addition, by family and rate. */
export const addition: Readonly<Record<Family, readonly Arm[]>> = {
  sgd: additionBy("sgd"),
  adamw: additionBy("adamw"),
  decay: additionBy("decay"),
};

type ByPart = Readonly<Record<string, number | null>>;

/** What the probe `compressibility` says of a network. */
export interface Compressed {
  /** The checkpoint's step. */
  readonly step: number;
  /** Accuracy over each part of the rows. */
  readonly accuracy: Readonly<Record<string, number>>;
  /** Area of the pruning curve over each part. */
  readonly prunability: ByPart;
  /** Area of the curve of lower ranks. */
  readonly low_rank: ByPart;
  /** R². */
  readonly class_separation: number | null;
  /** Share of the hidden activations that are 0. */
  readonly sparsity: number | null;
}

/**
 * The probe's answer: of a task with a spurious feature at the first evaluation at
 * which all train rows are right, so that rates are compared at equal train accuracy;
 * of another at the end. Null of a run that never gets there, or has weights that are
 * not finite.
 */
export async function compressed(run: string): Promise<Json> {
  const checkpoints = await checkpointsOf(run);
  const rows = await readMetrics(run);
  const whole = rows.find((row) => row["train_accuracy"] === 1)?.step;
  const checkpoint = "randomised_accuracy" in rows[0]!
    ? checkpoints.find(({ step }) => whole !== undefined && step >= whole)
    : checkpoints.at(-1);
  if (!checkpoint) return null;
  const { probes } = await probe(checkpoint.path, ["compressibility"], {
    lenient: true,
  });
  const result = probes.compressibility;
  if (!result) return null;
  const areas = (curves: typeof result.pruning) =>
    Object.fromEntries(curves.map(({ part, area }) => [part, digits(area)]));
  return {
    step: checkpoint.step,
    accuracy: Object.fromEntries(
      result.parts.map(({ name, accuracy }) => [name, digits(accuracy)]),
    ),
    prunability: areas(result.pruning),
    low_rank: areas(result.spectral),
    class_separation: digits(result.class_separation),
    sparsity: digits(result.activation_sparsity),
  };
}

const digits = (x: number | null) =>
  x === null ? null : Number(x.toPrecision(6));

/** What was measured of a run, or null. */
export const compressedOf = (run: RunRecord): Compressed | null =>
  measureOf<Compressed | null>(run, "compressed");
