/**
 * A run's way through the space of its weights: where it lies in its two main
 * directions, and how far it goes along the weights themselves.
 *
 * @module
 */

import { dot, type Vector } from "../numeric/lanczos.ts";
import { loadProbeModel } from "../onnx/inspect/load_probe_model.ts";
import { principalPlane } from "../probes/dynamics/principal_plane.ts";
import { weightsOf } from "../probes/dynamics/trajectory.ts";
import { checkpointsOf, readMetrics } from "../runs/read.ts";
import { THRESHOLD } from "../runs/result.ts";
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
 * @param run The run's folder, with a few checkpoints.
 */
export async function trajectory(run: string): Promise<Json> {
  const checkpoints = await checkpointsOf(run);
  const weights: Vector[] = [];
  for (const { path } of checkpoints) {
    weights.push(weightsOf(await loadProbeModel(path)));
  }
  const steps = checkpoints.map(({ step }) => step);
  const rows = await readMetrics(run);
  const start = rows.find((row) => row["train_accuracy"]! >= THRESHOLD)?.step;
  const memorised = start === undefined
    ? -1
    : steps.findIndex((step) => step >= start);
  const found = trajectoryOf(steps, weights, memorised < 0 ? null : memorised);
  return { ...await found };
}

/**
 * The trajectory of weight vectors.
 *
 * @param steps Their steps.
 * @param weights The vectors, two or more of one length.
 * @param memorised Which of them is θₘ; null for none.
 */
export async function trajectoryOf(
  steps: readonly number[],
  weights: readonly Vector[],
  memorised: number | null,
): Promise<Trajectory> {
  const { points, explained, project } = await principalPlane(weights);
  const plane = {
    steps,
    x: rounded(points.map(([x]) => x)),
    y: rounded(points.map(([, y]) => y)),
    explained: [digits(explained[0]), digits(explained[1])] as const,
  };
  if (memorised === null) {
    return { ...plane, memorised, nlm: null, along: null, across: null };
  }
  const theta = weights[memorised]!;
  const square = dot(theta, theta);
  const ways = weights.map((w) => w.map((x, i) => x - theta[i]!));
  const along = ways.map((way) => dot(way, theta) / square);
  const across = ways.map((way, i) =>
    Math.sqrt(Math.max(0, dot(way, way) / square - along[i]! ** 2))
  );
  const [x, y] = project(theta);
  return {
    ...plane,
    memorised,
    nlm: [digits(x), digits(y)],
    along: rounded(along),
    across: rounded(across),
  };
}

const digits = (x: number) => Number(x.toPrecision(5));
const rounded = (xs: readonly number[]) => xs.map(digits);
