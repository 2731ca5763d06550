/**
 * A run's way through the space of its weights: where it lies in its two main
 * directions, and how far it goes along the weights themselves.
 *
 * @module
 */

import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { loadProbeModel } from "../onnx/probe_model.ts";
import { toNumbers } from "../onnx/tensor.ts";
import { checkpointsOf, readMetrics } from "../runs/read.ts";
import { THRESHOLD } from "../train/recorder.ts";
import type { Json } from "./figure.ts";

/** A run's trajectory, of its checkpoints. θₘ are the memorised weights. */
export interface Trajectory {
  /** The checkpoints' steps. */
  readonly steps: readonly number[];
  /** Coordinates along the first two principal components, in weights. */
  readonly x: readonly number[];
  readonly y: readonly number[];
  /** Share of the variance that each of the two has. */
  readonly explained: readonly [number, number];
  /** Which checkpoint θₘ is: the first from 99 % train accuracy on; or null. */
  readonly memorised: number | null;
  /** What θₘ is in the plane, as a direction: that of naïve loss minimisation. */
  readonly nlm: readonly [number, number] | null;
  /** Of the way since θₘ, the part along θₘ, in lengths of θₘ … */
  readonly along: readonly number[] | null;
  /** … and the length of the rest, in the same unit. */
  readonly across: readonly number[] | null;
}

/**
 * Measures the trajectory of a run.
 *
 * With D the n centred weight vectors as rows, the eigenvectors of the n × n
 * Gram matrix D Dᵀ, times the roots of its eigenvalues, are their coordinates
 * along the principal components (Pearson 1901, Hotelling 1933).
 *
 * @param run The run's folder, with a few checkpoints.
 */
export async function trajectory(run: string): Promise<Json> {
  const checkpoints = await checkpointsOf(run);
  const weights: Float64Array[] = [];
  for (const { path } of checkpoints) weights.push(await weightsOf(path));
  const steps = checkpoints.map(({ step }) => step);
  const rows = await readMetrics(run);
  const start = rows.find((row) => row["train_accuracy"]! >= THRESHOLD)?.step;
  const memorised = start === undefined
    ? -1
    : steps.findIndex((step) => step >= start);
  return trajectoryOf(steps, weights, memorised < 0 ? null : memorised) as {
    [K in keyof Trajectory]: Trajectory[K];
  };
}

async function weightsOf(path: string): Promise<Float64Array> {
  const model = await loadProbeModel(path);
  const parts = model.weightNames.map((name) => toNumbers(model.weight(name)!));
  const all = new Float64Array(parts.reduce((n, { length }) => n + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/**
 * The trajectory of weight vectors.
 *
 * @param steps Their steps.
 * @param weights The vectors, two or more of one length.
 * @param memorised Which of them is θₘ; null for none.
 */
export function trajectoryOf(
  steps: readonly number[],
  weights: readonly Float64Array[],
  memorised: number | null,
): Trajectory {
  const mean = weights[0]!.map((_, j) =>
    weights.reduce((sum, w) => sum + w[j]!, 0) / weights.length
  );
  const centred = weights.map((w) => minus(w, mean));
  const gram = new Matrix(centred.map((a) => centred.map((b) => dot(a, b))));
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(
    gram,
    { assumeSymmetric: true },
  );
  const order = realEigenvalues.map((_, i) => i)
    .sort((i, j) => realEigenvalues[j]! - realEigenvalues[i]!);
  const total = realEigenvalues.reduce((a, b) => a + b, 0);
  const components = order.slice(0, 2).map((k) => {
    const value = Math.max(realEigenvalues[k]!, 0);
    const vector = eigenvectorMatrix.getColumn(k);
    // An eigenvector's sign is arbitrary: the trajectory ends on the right, above.
    const sign = vector.at(-1)! < 0 ? -1 : 1;
    const root = Math.sqrt(value);
    return {
      coordinates: vector.map((u) => sign * u * root),
      share: total > 0 ? value / total : 0,
      // θ's component: ⟨θ, Dᵀu⟩/√λ.
      of: (theta: Float64Array) =>
        root === 0 ? 0 : sign *
          centred.reduce((sum, d, i) => sum + vector[i]! * dot(d, theta), 0) /
          root,
    };
  });
  const [first, second] = components as [
    (typeof components)[number],
    (typeof components)[number],
  ];
  const theta = memorised === null ? undefined : weights[memorised]!;
  const square = theta ? dot(theta, theta) : NaN;
  const ways = theta && weights.map((w) => minus(w, theta));
  const along = ways?.map((way) => dot(way, theta!) / square);
  return {
    steps,
    x: rounded(first.coordinates),
    y: rounded(second.coordinates),
    explained: [digits(first.share), digits(second.share)],
    memorised,
    nlm: theta ? [digits(first.of(theta)), digits(second.of(theta))] : null,
    along: along ? rounded(along) : null,
    across: along
      ? rounded(
        ways!.map((way, i) =>
          Math.sqrt(Math.max(0, dot(way, way) / square - along[i]! ** 2))
        ),
      )
      : null,
  };
}

const digits = (x: number) => Number(x.toPrecision(5));
const rounded = (xs: readonly number[]) => xs.map(digits);

const minus = (a: Float64Array, b: Float64Array) => a.map((x, i) => x - b[i]!);

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
