/**
 * How collapsed a run's networks are: at its end class by class, and along its
 * checkpoints.
 *
 * @module
 */

import { maxOf, minOf } from "../../base/extremes.ts";
import type { Point } from "../../charts/chart.ts";
import { mean, median } from "../../numeric/statistics.ts";
import { probeRun } from "../../probes/asking/probe_run.ts";
import type { NeuralCollapse } from "../../probes/geometry/neural_collapse.ts";
import type { OrthogonalFrame } from "../../probes/geometry/orthogonal_frame.ts";
import type { Json, Results, RunRecord } from "../figure.ts";
import { measureOf } from "../readings.ts";

/** A class at a run's end. */
export interface ClassAtEnd {
  /** n_k. */
  readonly rows: number;
  /** ‖w_k‖². */
  readonly square: number;
  /** The same by formula; null where there is none. */
  readonly formula: number | null;
  /** w_k·μ_k. */
  readonly dot: number;
  /** Ave ‖h − μ_k‖²/‖μ_k‖². */
  readonly within: number | null;
  /** Whether it vanished. */
  readonly vanished: boolean;
}

/** The frame at a run's end. */
export interface FrameAtEnd {
  readonly classes: readonly ClassAtEnd[];
  /** The largest |cos| between class means, and between classifier's vectors. */
  readonly means_cosine: number | null;
  readonly classifier_cosine: number | null;
  /** Correlation of ‖w_k‖² with √n_k. */
  readonly root_correlation: number | null;
}

/** NC1 to NC4 at a checkpoint, and how far classes are from a point. */
export interface CollapseAt {
  readonly step: number;
  readonly nc1: number | null;
  /** Of the class means, from the widest angle. */
  readonly nc2: number | null;
  readonly nc3: number | null;
  readonly nc4: number;
  /** Over the classes: least, mean and most. */
  readonly within: readonly (number | null)[];
}

const digits = (x: number | null) =>
  x === null ? null : Number(x.toPrecision(4));

/** The frame of a run's last checkpoint, as the formula is compared: unrounded. */
export async function frameAtEnd(run: string): Promise<Json> {
  const { series } = await probeRun(run, ["orthogonal-frame"]);
  const { result } = series["orthogonal-frame"]!.at(-1)!;
  const {
    classes,
    means_off_diagonal,
    classifier_off_diagonal,
    root_correlation,
  } = result as OrthogonalFrame;
  return {
    classes: classes.map((c) => ({
      rows: c.rows,
      square: c.classifier_square,
      formula: c.predicted?.classifier_square ?? null,
      dot: digits(c.dot),
      within: digits(c.within),
      vanished: c.vanished,
    })),
    means_cosine: means_off_diagonal.largest,
    classifier_cosine: classifier_off_diagonal.largest,
    root_correlation,
  };
}

/** NC1 to NC4 along a run's checkpoints. */
export async function collapse(run: string): Promise<Json> {
  const { series } = await probeRun(run, [
    "neural-collapse",
    "orthogonal-frame",
  ]);
  const frames = new Map(
    series["orthogonal-frame"]!.map(({ step, result }) => [
      step,
      (result as OrthogonalFrame).classes
        .flatMap(({ within }) => within === null ? [] : [within]),
    ]),
  );
  return series["neural-collapse"]!.map(({ step, result }) => {
    const { nc1, nc2_means, nc3, nc4 } = result as NeuralCollapse;
    const within = frames.get(step) ?? [];
    return {
      step,
      nc1: digits(nc1),
      nc2: digits(nc2_means.maximal_angle),
      nc3: digits(nc3),
      nc4: digits(nc4),
      within: within.length > 0
        ? [minOf(within), mean(within), maxOf(within)].map(digits)
        : [],
    };
  });
}

/** What {@link frameAtEnd} measured of a run. */
export const frameOf = (run: RunRecord): FrameAtEnd =>
  measureOf<FrameAtEnd>(run, "frame");

/** What {@link collapse} measured of a run. */
export const collapseOf = (run: RunRecord): readonly CollapseAt[] =>
  measureOf<readonly CollapseAt[]>(run, "collapse");

/** The first checkpoint at or after a step; undefined where the step is never. */
export const checkpointFrom = (
  run: RunRecord,
  step: number | null,
): CollapseAt | undefined =>
  step === null
    ? undefined
    : collapseOf(run).find((checkpoint) => checkpoint.step >= step);

/** NC1 of the last checkpoint; NaN where there is none. */
export const lastNc1 = (run: RunRecord): number =>
  collapseOf(run).at(-1)?.nc1 ?? NaN;

/** How much smaller NC1 has to be than at memorisation to count as collapsed. */
export const COLLAPSED = 10;

/**
 * The first checkpoint's step at which NC1 is a tenth or less of what it is at the
 * first checkpoint from memorisation on; null where that never is.
 */
export function collapsedAt(run: RunRecord): number | null {
  const start = checkpointFrom(run, run.memorised_at);
  if (start === undefined || start.nc1 === null) return null;
  const mark = start.nc1 / COLLAPSED;
  return collapseOf(run).find(({ step, nc1 }) =>
    step >= start.step && nc1 !== null && nc1 <= mark
  )?.step ?? null;
}

/** NC1 over the checkpoints of an arm: medians over the seeds, least to most. */
export function nc1Curve(results: Results, arm: string): Point[] {
  const runs = results.of(arm).map(collapseOf);
  const [first = []] = runs;
  return first.flatMap(({ step }) => {
    const values = runs.map((run) =>
      run.find((checkpoint) => checkpoint.step === step)?.nc1 ?? NaN
    ).filter(Number.isFinite);
    return values.length === 0 ? [] : [{
      x: step,
      y: median(values),
      low: minOf(values),
      high: maxOf(values),
    }];
  });
}
