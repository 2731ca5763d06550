/**
 * The `trajectory` probe: where the weights went, in the plane in which they move
 * most.
 *
 * @module
 */

import { percent, short, table } from "../../base/terminal.ts";
import { dot, type Vector } from "../../numeric/lanczos.ts";
import { evenlySpaced, finite } from "../../numeric/statistics.ts";
import { toNumbers } from "../../numeric/tensor.ts";
import { integer, type Setting } from "../../settings/setting.ts";
import type { ProbeContext, RunCheckpoint } from "../context/context.ts";
import { knownWeights } from "../context/known_weights.ts";
import { NotApplicableError } from "../context/not_applicable.ts";
import type { RunProbe } from "../probe.ts";
import type { RunContext } from "../run_context.ts";
import { type Pair, principalPlane } from "./principal_plane.ts";

/** A checkpoint in the plane. */
export interface TrajectoryPoint {
  /** Updates made before it. */
  readonly step: number;
  /** Its coordinates, from the mean of all points, in units of the weights. */
  readonly at: Pair;
  /** ‖θ‖. */
  readonly weight_norm: number;
  /**
   * θ/‖θ‖ in the plane: where naïve loss minimisation would go from here. What it
   * lacks of length 1 it points out of the plane. Null where θ is 0.
   */
  readonly nlm: Pair | null;
  /** ‖Δ‖, the way from the point before; of the first null. */
  readonly moved: number | null;
  /** cos(Δ, θ before): 1 where the weights only grew; null where none moved. */
  readonly cos_moved_weights: number | null;
}

/** The result. */
export interface TrajectoryResult {
  /** How many numbers a point is. */
  readonly parameters: number;
  /** The share of the points' variance along each of the two axes. */
  readonly explained: Pair;
  /** The checkpoints, oldest first. */
  readonly points: readonly TrajectoryPoint[];
}

/** What the probe can be told. */
export type TrajectorySettings = { readonly trajectoryPoints: Setting<number> };

/**
 * The checkpoints' weights θ as points in the plane of their first two principal
 * components, with the direction of naïve loss minimisation, θ/‖θ‖, at each; and
 * how much of the way from one to the next goes along the weights.
 *
 * Source: Prieto et al. (arXiv 2501.04697), Figure 7; {@link principalPlane}.
 */
export const trajectory: RunProbe<
  "trajectory",
  TrajectoryResult,
  TrajectorySettings
> = {
  of: "run",
  name: "trajectory",
  describe:
    "Where the weights went: PCA of the checkpoints, with NLM's direction",
  needs: "a run with two checkpoints or more (--checkpoint-every)",
  settings: {
    trajectoryPoints: integer(
      [2, 10000],
      100,
      "<n>",
      "trajectory: most checkpoints looked at, evenly chosen",
    ),
  },

  async compute(run, { trajectoryPoints }) {
    const points = await run.each(
      "trajectory",
      ({ model }, { step }) => ({ step, found: weightsOf(model) }),
      evenlyChosen(run, trajectoryPoints),
    );
    const [{ found: first }] = points as [(typeof points)[number]];
    const other = points.find(({ found }) => found.length !== first.length);
    if (other) {
      throw new NotApplicableError(
        `${run.path} has ${first.length} weights at step ${
          points[0]!.step
        } and ` +
          `${other.found.length} at step ${other.step}: it is not one network`,
      );
    }
    const { points: plane, explained, project } = await principalPlane(
      points.map(({ found }) => found),
    );
    const lengths = points.map(({ found }) => Math.sqrt(dot(found, found)));
    return {
      parameters: points[0]!.found.length,
      explained,
      points: points.map(({ step, found }, i): TrajectoryPoint => {
        const before = points[i - 1]?.found;
        const delta = before &&
          found.map((x, k) => x - before[k]!) as Vector | undefined;
        const moved = delta ? Math.sqrt(dot(delta, delta)) : null;
        const length = lengths[i]!;
        const [x, y] = project(found);
        return {
          step,
          at: plane[i]!,
          weight_norm: length,
          nlm: length > 0 ? [x / length, y / length] : null,
          moved,
          cos_moved_weights: before && delta && moved
            ? finite(dot(delta, before) / moved / lengths[i - 1]!)
            : null,
        };
      }),
    };
  },

  text({ parameters, explained, points }) {
    const pair = (x: Pair | null) => x ? `${short(x[0])}, ${short(x[1])}` : "–";
    return [
      `${points.length} checkpoints of ${parameters} weights; the plane has ` +
      `${percent(explained[0])} + ${percent(explained[1])} of their variance`,
      ...table([
        ["step", "at", "‖θ‖", "NLM's direction", "moved", "cos(moved, θ)"],
        ...points.map((point) => [
          String(point.step),
          pair(point.at),
          short(point.weight_norm),
          pair(point.nlm),
          short(point.moved),
          short(point.cos_moved_weights),
        ]),
      ]),
    ];
  },
};

/** All weights of a model as one vector, in the file's order. */
export function weightsOf(model: ProbeContext["model"]): Vector {
  const parts = knownWeights(model).map((name) =>
    toNumbers(model.tensor(name))
  );
  const size = parts.reduce((sum, { length }) => sum + length, 0);
  const vector = new Float64Array(size);
  let at = 0;
  for (const part of parts) {
    vector.set(part, at);
    at += part.length;
  }
  return vector;
}

/**
 * Some checkpoints of a run: the first and the last among them, the others evenly
 * between.
 *
 * @param run The run.
 * @param most How many, 2 or more.
 * @throws {NotApplicableError} if it has a single checkpoint.
 */
export function evenlyChosen(
  { checkpoints, path }: RunContext,
  most: number,
): RunCheckpoint[] {
  if (checkpoints.length < 2) {
    throw new NotApplicableError(
      `${path} has a single checkpoint, and two are needed to compare: ` +
        "train with --checkpoint-every",
    );
  }
  return evenlySpaced(checkpoints, most);
}
