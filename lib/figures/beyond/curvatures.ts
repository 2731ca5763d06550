/**
 * The curvature of a run's checkpoints, as the figure of SGD's stability measures it.
 *
 * @module
 */

import { maxOf, minOf } from "../../base/extremes.ts";
import type { Point } from "../../charts/chart.ts";
import { median } from "../../numeric/statistics.ts";
import { probeRun } from "../../probes/asking/probe_run.ts";
import type { Json, RunRecord } from "../figure.ts";
import { firstAtLeast, GROKS } from "../readings.ts";

/** What is kept of each checkpoint: numbers times η, null where there is none. */
const NAMES = [
  "largest",
  "trace",
  "frobenius",
  "sharpness",
  "moment",
  "perpendicular",
] as const;

/** One of them. */
export type CurvatureName = (typeof NAMES)[number];

/** A run's checkpoints, those left out whose loss is not finite. */
export type Curvature =
  & { readonly steps: readonly number[] }
  & { readonly [key in CurvatureName]: readonly (number | null)[] };

/** Vectors and batches of each checkpoint, and the seed of both. */
const SETTINGS = {
  lanczosProducts: 60,
  stabilityVectors: 20,
  stabilityBatches: 100,
  stabilitySeed: 0,
};

/**
 * Measures the curvature of a run's checkpoints.
 *
 * @param run The run's folder.
 */
export async function stability(run: string): Promise<Json> {
  const { series } = await probeRun(run, ["dynamical-stability"], {
    lenient: true,
    settings: SETTINGS,
  });
  const found = series["dynamical-stability"] ?? [];
  const digits = (x: number | null | undefined) =>
    x === null || x === undefined ? null : Number(x.toPrecision(4));
  const of = (
    times: (
      result: (typeof found)[number]["result"],
    ) => { readonly times_rate: number | null } | null,
  ) => found.map(({ result }) => digits(times(result)?.times_rate));
  return {
    steps: found.map(({ step }) => step),
    largest: of(({ largest }) => largest),
    trace: of(({ trace }) => trace),
    frobenius: of(({ frobenius }) => frobenius),
    sharpness: of((result) => result.batch_sharpness),
    moment: of((result) => result.second_moment),
    perpendicular: of(({ perpendicular }) => perpendicular),
  };
}

/** Its numbers between two steps, these included. */
function between(
  curvature: Curvature,
  name: CurvatureName,
  from: number,
  until: number,
): number[] {
  const { steps } = curvature;
  return curvature[name].filter((x, i): x is number =>
    x !== null && steps[i]! >= from && steps[i]! <= until
  );
}

const medianOf = (values: readonly number[]) =>
  values.length === 0 ? null : median(values);

/** The median over the checkpoints of the last quarter of the steps; null of none. */
export function ended(
  curvature: Curvature,
  name: CurvatureName,
): number | null {
  const end = curvature.steps.at(-1) ?? 0;
  return medianOf(between(curvature, name, 0.75 * end, end));
}

/**
 * The medians over the checkpoints from 99 % train accuracy to 95 % test accuracy,
 * and over those after that; null where either has no checkpoint.
 */
export function afterGrokking(
  run: RunRecord,
  curvature: Curvature,
  name: CurvatureName,
): { before: number; after: number; step: number } | null {
  const step = firstAtLeast(run, "test_accuracy", GROKS);
  const from = run.memorised_at;
  if (step === null || from === null) return null;
  const before = medianOf(between(curvature, name, from, step - 1));
  const after = medianOf(between(curvature, name, step, Infinity));
  return before === null || after === null ? null : { before, after, step };
}

/** The curve over all runs: medians, from least to most. */
export function medianOver(
  curvatures: readonly Curvature[],
  name: CurvatureName,
): Point[] {
  const steps = [...new Set(curvatures.flatMap(({ steps }) => steps))]
    .sort((a, b) => a - b);
  return steps.flatMap((x) => {
    const ys = curvatures.flatMap((one) => between(one, name, x, x));
    return ys.length === 0
      ? []
      : [{ x, y: median(ys), low: minOf(ys), high: maxOf(ys) }];
  });
}
