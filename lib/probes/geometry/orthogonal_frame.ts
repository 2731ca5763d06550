/**
 * The general orthogonal frame: how far each class is one point, and how long and how
 * orthogonal class means and classifier are where classes are of unequal sizes.
 *
 * @module
 */

import { maxOf } from "../../base/extremes.ts";
import { short, table } from "../../base/terminal.ts";
import { frobeniusNorm, transposed } from "../../numeric/matrix.ts";
import { finite, mean } from "../../numeric/statistics.ts";
import { type RowsFrom, trainActivationParts } from "../context/train_rows.ts";
import type { Probe } from "../probe.ts";
import {
  frameDecayOf,
  type FramePrediction,
  generalOrthogonalFrame,
} from "./frame_formula.ts";
import { type Matrix, part } from "./products.ts";
import { readoutOf } from "./readout.ts";

/** A class that has train rows. */
export interface ClassFrame {
  /** Which. */
  readonly class: number;
  /** n_k, its train rows. */
  readonly rows: number;
  /** ‖w_k‖², of the classifier's vector. */
  readonly classifier_square: number;
  /** ‖μ_k‖², of the mean of its features; not centred. */
  readonly mean_square: number;
  /** w_k·μ_k. */
  readonly dot: number;
  /** cos(w_k, μ_k); null where one of them is 0. */
  readonly cosine: number | null;
  /** Ave ‖h − μ_k‖²/‖μ_k‖² over its rows; 0 where it is one point. */
  readonly within: number | null;
  /** Whether ‖w_k‖ is below 10⁻⁶ of the longest. */
  readonly vanished: boolean;
  /** The minimum by formula; null where the run is of another objective. */
  readonly predicted: FramePrediction | null;
}

/** Cosines of pairs of vectors, which are all 0 where they are orthogonal. */
export interface OffDiagonal {
  /** Mean of |cos| over all pairs; null of fewer than two vectors that are not 0. */
  readonly mean: number | null;
  /** The largest |cos|. */
  readonly largest: number | null;
}

/** The result. */
export interface OrthogonalFrame {
  /** Each class that has train rows. */
  readonly classes: readonly ClassFrame[];
  /** Cosines between the means μ_k, not centred, of classes that are there. */
  readonly means_off_diagonal: OffDiagonal;
  /** Cosines between the classifier's vectors w_k of classes that are there. */
  readonly classifier_off_diagonal: OffDiagonal;
  /**
   * Correlation of ‖w_k‖² with √n_k over the classes, as the formula has them on a
   * line; null where all are of one size.
   */
  readonly root_correlation: number | null;
}

/** What it is measured on. */
export interface FrameFeatures {
  /** h, [n, width]. */
  readonly features: Matrix;
  /** The class of each row. */
  readonly labels: ArrayLike<number>;
  /** The last layer's weights, [width, classes]. */
  readonly classifier: Matrix;
}

/**
 * The frame of the last layer's features on the train rows.
 *
 * Formulas and source: {@link orthogonalFrame}.
 */
export const orthogonalFrameProbe: Probe<"orthogonal-frame", OrthogonalFrame> =
  {
    of: "checkpoint",
    name: "orthogonal-frame",
    describe:
      "Class by class: size, collapse, lengths; how orthogonal they are",
    needs: "a task, and logits that a matrix makes of features",

    async compute(context) {
      const { features, classifier } = readoutOf(context.model);
      const { labels } = context.task.split().train;
      const { config } = context.task;
      const decay = config && frameDecayOf(config, classifier.columns);
      return await frameOf(
        () => trainActivationParts(context, features),
        { labels, classifier },
        (counts) => decay && generalOrthogonalFrame(counts, decay),
      );
    },

    curves: ({ classes, means_off_diagonal, classifier_off_diagonal }) => {
      const within = classes.map(({ within }) => within ?? NaN)
        .filter(Number.isFinite);
      return {
        within: finite(mean(within)),
        within_worst: within.length > 0 ? maxOf(within) : null,
        means_off_diagonal: means_off_diagonal.mean,
        classifier_off_diagonal: classifier_off_diagonal.mean,
      };
    },

    text({
      classes,
      means_off_diagonal,
      classifier_off_diagonal,
      root_correlation,
    }) {
      const pairs = (what: string, { mean, largest }: OffDiagonal) =>
        `|cos| between ${what}: mean ${short(mean)}, largest ${short(largest)}`;
      const known = classes.some(({ predicted }) => predicted !== null);
      return [
        pairs("class means", means_off_diagonal),
        pairs("the classifier's vectors", classifier_off_diagonal),
        `correlation of ‖w‖² with √n: ${short(root_correlation)}`,
        ...table([
          [
            ...["class", "rows", "‖w‖²", ...(known ? ["formula"] : [])],
            ...["‖μ‖²", "w·μ", ...(known ? ["formula"] : [])],
            ...["cos", "within"],
          ],
          ...classes.map((c) => [
            String(c.class) + (c.vanished ? " (vanished)" : ""),
            String(c.rows),
            short(c.classifier_square),
            ...(known ? [short(c.predicted?.classifier_square)] : []),
            short(c.mean_square),
            short(c.dot),
            ...(known ? [short(c.predicted?.dot)] : []),
            short(c.cosine),
            short(c.within),
          ]),
        ]),
      ];
    },
  };

/**
 * The general orthogonal frame of features, on the classes that have rows: with μ_k
 * the mean of class k, not centred, and w_k the classifier's vector,
 *
 *     within_k = Ave_{i ∈ k} ‖h_i − μ_k‖²/‖μ_k‖²
 *
 * and the |cos| of all pairs of μ_k, and of w_k. Those of a class that vanished,
 * whose ‖w_k‖ is below 10⁻⁶ of the longest, have no direction and are in no pair.
 *
 * Source: Dang et al. (arXiv 2301.00437), the general orthogonal frame: within 0,
 * all cosines 0, lengths by class size. The measures in this form are groklab's.
 *
 * @param on Features, labels, classifier.
 * @param predict The minimum of n_k rows a class, where there is a formula.
 */
export function orthogonalFrame(
  { features, ...known }: FrameFeatures,
  predict: (counts: readonly number[]) => FramePrediction[] | undefined = () =>
    undefined,
): Promise<OrthogonalFrame> {
  return frameOf(
    async function* () {
      yield await { first: 0, some: features };
    },
    known,
    predict,
  );
}

async function frameOf(
  parts: () => AsyncIterable<RowsFrom>,
  { labels, classifier }: Omit<FrameFeatures, "features">,
  predict: (counts: readonly number[]) => FramePrediction[] | undefined,
): Promise<OrthogonalFrame> {
  const present = [...new Set(Array.from(labels))].sort((a, b) => a - b);
  const place = new Map(present.map((label, i) => [label, i]));
  const classOf = Int32Array.from(labels, (label) => place.get(label)!);
  const counts = present.map(() => 0);
  for (const c of classOf) counts[c]! += 1;

  const means = await meansOf(parts(), classOf, counts);
  const scatter = await scatterOf(parts(), classOf, means);
  const predicted = predict(counts);
  const W = transposed(classifier);
  const w = present.map((c) => part(W, c, c + 1).data);
  const m = present.map((_, i) => part(means, i, i + 1).data);
  const squares = w.map(square);
  const longest = maxOf(squares);
  const vanished = squares.map((x) => !(x > 1e-12 * longest));
  const there = <T>(all: readonly T[]) => all.filter((_, i) => !vanished[i]);
  return {
    classes: present.map((label, i) => {
      const [own, along] = [square(m[i]!), dot(w[i]!, m[i]!)];
      return {
        class: label,
        rows: counts[i]!,
        classifier_square: squares[i]!,
        mean_square: own,
        dot: along,
        cosine: finite(along / Math.sqrt(own * squares[i]!)),
        within: finite(scatter[i]! / counts[i]! / own),
        vanished: vanished[i]!,
        predicted: predicted?.[i] ?? null,
      };
    }),
    means_off_diagonal: offDiagonal(there(m)),
    classifier_off_diagonal: offDiagonal(there(w)),
    root_correlation: finite(correlation(counts.map(Math.sqrt), squares)),
  };
}

const dot = (a: Float64Array, b: Float64Array) =>
  a.reduce((sum, x, i) => sum + x * b[i]!, 0);
const square = (a: Float64Array) => frobeniusNorm({ data: a }) ** 2;

function offDiagonal(vectors: readonly Float64Array[]): OffDiagonal {
  const lengths = vectors.map((data) => frobeniusNorm({ data }));
  const cosines = vectors.flatMap((a, i) =>
    vectors.slice(0, i).map((b, j) =>
      Math.abs(dot(a, b)) / (lengths[i]! * lengths[j]!)
    )
  );
  if (cosines.length === 0) return { mean: null, largest: null };
  return { mean: finite(mean(cosines)), largest: finite(maxOf(cosines)) };
}

function correlation(x: readonly number[], y: readonly number[]): number {
  const [mx, my] = [mean(x), mean(y)];
  const sum = (f: (i: number) => number) =>
    x.reduce((total, _, i) => total + f(i), 0);
  const both = sum((i) => (x[i]! - mx) * (y[i]! - my));
  const [xx, yy] = [x, y].map((of, which) =>
    sum((i) => (of[i]! - [mx, my][which]!) ** 2)
  ) as [number, number];
  return both / Math.sqrt(xx * yy);
}

async function meansOf(
  parts: AsyncIterable<RowsFrom>,
  classOf: Int32Array,
  counts: readonly number[],
): Promise<Matrix> {
  let sums = new Float64Array();
  let width = 0;
  for await (const { first, some: { rows, columns, data } } of parts) {
    if (first === 0) {
      width = columns;
      sums = new Float64Array(counts.length * width);
    }
    for (let i = 0; i < rows; i++) {
      const to = classOf[first + i]! * width;
      for (let j = 0; j < width; j++) sums[to + j]! += data[i * width + j]!;
    }
  }
  const data = sums.map((x, i) => x / counts[Math.floor(i / width)]!);
  return { rows: counts.length, columns: width, data };
}

// Σ ‖h − μ_k‖² of each class.
async function scatterOf(
  parts: AsyncIterable<RowsFrom>,
  classOf: Int32Array,
  { rows: classes, columns: width, data: means }: Matrix,
): Promise<Float64Array> {
  const sums = new Float64Array(classes);
  for await (const { first, some: { rows, data } } of parts) {
    for (let i = 0; i < rows; i++) {
      const c = classOf[first + i]!;
      for (let j = 0; j < width; j++) {
        sums[c]! += (data[i * width + j]! - means[c * width + j]!) ** 2;
      }
    }
  }
  return sums;
}
