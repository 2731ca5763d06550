/**
 * Neural collapse: how far the last hidden layer has become one point a class.
 *
 * @module
 */

import { percent, short } from "../../base/terminal.ts";
import { frobeniusNorm, matrixOf } from "../../numeric/matrix.ts";
import { finite } from "../../numeric/statistics.ts";
import type { SessionOptions } from "../../onnx/runtime/options.ts";
import { logitChunks } from "../context/chunks.ts";
import { type RowsFrom, trainActivationParts } from "../context/train_rows.ts";
import type { Probe } from "../probe.ts";
import { awayFromNearest } from "./nearest_mean.ts";
import {
  crossProductOf,
  type Matrix,
  MatrixSum,
  part as rowsFrom,
} from "./products.ts";
import { readoutOf } from "./readout.ts";
import { over, traceOfRatio } from "./scatter.ts";
import { type SimplexDistance, simplexDistance } from "./simplex.ts";

/** The four measures. */
export interface NeuralCollapse {
  /** C, the classes that have rows. */
  readonly classes: number;
  /** Rows that it was measured on. */
  readonly samples: number;
  /** Width of the features. */
  readonly width: number;
  /** NC1: Tr(Σ_W Σ_B⁺)/C; 0 where every class is one point. */
  readonly nc1: number | null;
  /** NC2 of the centred class means μ_c − μ_G. */
  readonly nc2_means: SimplexDistance;
  /** NC2 of the classifier's vectors w_c. */
  readonly nc2_classifier: SimplexDistance;
  /** NC3: ‖W/‖W‖ − M/‖M‖‖²; 0 where classifier and means are the same, up to 4. */
  readonly nc3: number | null;
  /** NC4: share of rows whose prediction is not that of the nearest class mean. */
  readonly nc4: number;
}

/** What neural collapse is measured on. */
export interface ClassFeatures {
  /** h, the last hidden activations, [n, width]. */
  readonly features: Matrix;
  /** The class of each row, 0 or more. */
  readonly labels: ArrayLike<number>;
  /** The last layer's weights, [width, classes]. */
  readonly classifier: Matrix;
  /** The class that the network predicts for each row. */
  readonly predictions: ArrayLike<number>;
}

/**
 * The four measures of neural collapse on the train rows: the features are what
 * the last matrix is multiplied with.
 *
 * Formulas and source: {@link neuralCollapse}.
 */
export const neuralCollapseProbe: Probe<"neural-collapse", NeuralCollapse> = {
  of: "checkpoint",
  name: "neural-collapse",
  describe: "How far the last hidden layer is one point a class: NC1–NC4",
  needs: "a task, and logits that a matrix makes of features",

  async compute(context) {
    const { features, classifier } = readoutOf(context.model);
    const { rows, labels } = context.task.split().train;
    const predictions = new Int32Array(labels.length);
    for await (const { first, logits } of logitChunks(context, rows)) {
      const { columns, data } = logits;
      for (let row = 0; row < logits.rows; row++) {
        const from = row * columns;
        let best = from;
        for (let at = from + 1; at < from + columns; at++) {
          if (data[at]! > data[best]!) best = at;
        }
        predictions[first + row] = best - from;
      }
    }
    return await collapseOf(
      () => trainActivationParts(context, features),
      { labels, classifier, predictions },
      context.host,
    );
  },

  curves: ({ nc1, nc2_means, nc2_classifier, nc3, nc4 }) => ({
    nc1,
    nc2_equinorm: nc2_means.equinorm,
    nc2_equiangular: nc2_means.equiangular,
    nc2_maximal_angle: nc2_means.maximal_angle,
    nc2_classifier_maximal_angle: nc2_classifier.maximal_angle,
    nc3,
    nc4,
  }),

  text(result) {
    const { classes, samples, width, nc1, nc3, nc4 } = result;
    const simplex = (what: string, distance: SimplexDistance) =>
      `NC2 of ${what}: lengths differ by ${
        short(distance.equinorm)
      }, cosines ` +
      `by ${short(distance.equiangular)}, from the widest angle ` +
      short(distance.maximal_angle);
    return [
      `${samples} train rows of ${classes} classes, ${width} features; ` +
      "all are 0 where collapsed",
      `NC1 ${short(nc1)}: scatter within classes over that between them`,
      simplex("the class means", result.nc2_means),
      simplex("the classifier", result.nc2_classifier),
      `NC3 ${short(nc3)}: distance of classifier and class means`,
      `NC4 ${percent(nc4)}: predictions that are not the nearest class mean`,
    ];
  },
};

/**
 * NC1 to NC4, on the classes that have rows. With h the features, μ_c the mean of
 * class c, μ_G that of all rows, M the matrix of columns μ_c − μ_G, W that of the
 * classifier's vectors of the same classes, and averages over rows or classes,
 *
 *     Σ_W = Ave (h − μ_c)(h − μ_c)ᵀ      Σ_B = Ave_c (μ_c − μ_G)(μ_c − μ_G)ᵀ
 *     NC1 = Tr(Σ_W Σ_B⁺)/C
 *     NC2 = std ‖μ_c − μ_G‖ / mean;  std and mean distance of the pairs' cosines
 *     NC3 = ‖W/‖W‖_F − M/‖M‖_F‖²_F
 *     NC4 = share of rows with argmax logits ≠ argmin_c ‖h − μ_c‖
 *
 * Σ_B has rank C − 1 at most; eigenvalues below C·ε of its largest are taken for
 * 0 by the pseudo-inverse. The rows need not be shared evenly: μ_G and Σ_W are
 * averages over rows. Where two means are equally near, the first counts.
 *
 * @param options Where products are multiplied.
 * Source: Papyan, Han & Donoho (arXiv 2008.08186), Figures 2–7.
 */
export function neuralCollapse(
  { features, ...known }: ClassFeatures,
  options: SessionOptions = {},
): Promise<NeuralCollapse> {
  return collapseOf(
    async function* () {
      yield await { first: 0, some: features };
    },
    known,
    options,
  );
}

// Of features that come in parts, twice: their means first, then what lies about them.
async function collapseOf(
  parts: () => AsyncIterable<RowsFrom>,
  { labels, classifier, predictions }: Omit<ClassFeatures, "features">,
  options: SessionOptions,
): Promise<NeuralCollapse> {
  const rows = labels.length;
  const present = [...new Set(Array.from(labels))].sort((a, b) => a - b);
  const place = new Map(present.map((label, i) => [label, i]));
  const classOf = Int32Array.from(labels, (label) => place.get(label)!);
  const C = present.length;

  const { means, centre } = await meansOf(parts(), classOf, C);
  const width = means.columns;
  const M = { ...means, data: less(means, () => centre) };
  const sum = new MatrixSum();
  let away = 0;
  for await (const { first, some } of parts()) {
    const scatter = (from: number, to: number) => {
      const own = rowsFrom(some, from, to);
      const data = less(own, (i) => {
        const at = classOf[first + from + i]! * width;
        return means.data.subarray(at, at + width);
      });
      const part = { ...own, data };
      return [part, part] as const;
    };
    sum.add(await crossProductOf(some.rows, width, scatter, options));
    const said = (i: number) => predictions[first + i]!;
    away += await awayFromNearest(some, means, present, said, options);
  }
  const within = over(rows, sum.sum);
  const W = columnsOf(classifier, present);
  return {
    classes: C,
    samples: rows,
    width,
    nc1: finite(await traceOfRatio(within, M, options)),
    nc2_means: simplexDistance(M),
    nc2_classifier: simplexDistance(W),
    nc3: finite(selfDuality(W, M)),
    nc4: away / rows,
  };
}

// Every row less the one that stands for it.
const less = (
  { rows, columns, data }: Matrix,
  of: (row: number) => Float64Array,
): Float64Array => {
  const out = data.slice();
  for (let i = 0; i < rows; i++) {
    const other = of(i);
    for (let j = 0; j < columns; j++) out[i * columns + j]! -= other[j]!;
  }
  return out;
};

// The mean of each class, and of all rows.
async function meansOf(
  parts: AsyncIterable<RowsFrom>,
  classOf: Int32Array,
  C: number,
): Promise<{ readonly means: Matrix; readonly centre: Float64Array }> {
  let [sums, centre] = [new Float64Array(), new Float64Array()];
  const counts = new Float64Array(C);
  for await (const { first, some: { rows, columns, data } } of parts) {
    if (first === 0) {
      sums = new Float64Array(C * columns);
      centre = new Float64Array(columns);
    }
    for (let i = 0; i < rows; i++) {
      const c = classOf[first + i]!;
      counts[c]! += 1;
      for (let j = 0; j < columns; j++) {
        const x = data[i * columns + j]!;
        sums[c * columns + j]! += x;
        centre[j]! += x / classOf.length;
      }
    }
  }
  const columns = centre.length;
  const data = sums.map((x, i) => x / counts[Math.floor(i / columns)]!);
  return { means: { rows: C, columns, data }, centre };
}

// The classifier's vectors of some classes, a row each.
function columnsOf(
  { rows, columns, data }: Matrix,
  classes: readonly number[],
): Matrix {
  return matrixOf(
    classes.length,
    rows,
    classes.flatMap((c) =>
      Array.from({ length: rows }, (_, i) => data[i * columns + c]!)
    ),
  );
}

function selfDuality(W: Matrix, M: Matrix): number {
  const [w, m] = [frobeniusNorm(W), frobeniusNorm(M)];
  return W.data.reduce(
    (sum, x, i) => sum + (x / w - M.data[i]! / m) ** 2,
    0,
  );
}
