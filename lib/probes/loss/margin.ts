/**
 * The `margin` probe: by how much rows are classified as they are labelled.
 *
 * @module
 */

import type * as tf from "../../base/tfjs.ts";
import { hypotOf } from "../../base/extremes.ts";
import { percent, short, table } from "../../base/terminal.ts";
import { marginsOf } from "../../metrics/margin.ts";
import { frobeniusNorm, tensorOf } from "../../numeric/matrix.ts";
import { finite, mean } from "../../numeric/statistics.ts";
import { hostTensorOf, toNumbers } from "../../numeric/tensor.ts";
import { runTraced } from "../../onnx/runtime/compile.ts";
import { logitChunks } from "../context/chunks.ts";
import type { ProbeContext } from "../context/context.ts";
import { logitDegree, weightsIfKnown } from "../context/known_weights.ts";
import type { Part } from "../context/task.ts";
import type { Probe } from "../probe.ts";

/** Which share of the rows lies at a quantile or below it. */
export const MARGIN_QUANTILES = [
  0,
  0.01,
  0.1,
  0.25,
  0.5,
  0.75,
  0.9,
  1,
] as const;

const BINS = 40;

/** Margins of some rows. */
export interface MarginDistribution {
  /** How many rows. */
  readonly samples: number;
  /** Share of them above 0: the accuracy, ties counted as wrong. */
  readonly positive: number;
  /** Their mean. */
  readonly mean: number;
  /** Of n sorted margins that at ⌊q(n − 1)⌋, for each of `quantiles`. */
  readonly at_quantiles: readonly number[];
  /** How many lie in each of equal bins from the least margin to the largest. */
  readonly histogram: readonly number[];
  /** Mean and quantiles over ‖θ‖^L; null where there is no degree L. */
  readonly normalised:
    | Pick<MarginDistribution, "mean" | "at_quantiles">
    | null;
}

/** The result. */
export interface MarginResult {
  /** L, where f(αθ) = α^L f(θ) exactly; else null. */
  readonly degree: number | null;
  /** ‖θ‖ over all weights. */
  readonly weight_norm: number | null;
  /** The quantiles that are given. */
  readonly quantiles: readonly number[];
  /** Of the train rows. */
  readonly train: MarginDistribution;
  /** Of the test rows; null where there are none. */
  readonly test: MarginDistribution | null;
}

/**
 * The margin of a row is z_y − max_{k≠y} z_k. Of a network that is homogeneous of
 * degree L in its weights it is also given divided by ‖θ‖^L, which growing weights
 * do not change: gradient descent on a loss with an exponential tail makes the
 * least normalised margin of the train rows grow.
 *
 * Source: Lyu & Li (arXiv 1906.05890), Section 3.
 */
export const margin: Probe<"margin", MarginResult> = {
  of: "checkpoint",
  name: "margin",
  describe: "Margins of train and test rows, also normalised by ‖θ‖^L",
  needs: "a task, and its split into train and test rows",

  async compute(context) {
    const { model } = context;
    const names = weightsIfKnown(model);
    const norm = names
      ? hypotOf(
        names.map((name) =>
          frobeniusNorm({ data: toNumbers(model.tensor(name)) })
        ),
      )
      : null;
    const degree = logitDegree(model);
    const L = degree?.homogeneous ? degree.highest : null;
    const { train, test } = context.task.split();
    const of = async (part: Part) =>
      distributionOf(
        await margins(context, part),
        L === null || norm === null ? null : norm ** L,
      );
    return {
      degree: L,
      weight_norm: norm,
      quantiles: MARGIN_QUANTILES,
      train: await of(train),
      test: test.rows.length > 0 ? await of(test) : null,
    };
  },

  curves: ({ train, test }) => ({
    train_min: train.at_quantiles[0]!,
    train_median: train.at_quantiles[MARGIN_QUANTILES.indexOf(0.5)]!,
    test_median: test?.at_quantiles[MARGIN_QUANTILES.indexOf(0.5)] ?? null,
    normalised_train_min: train.normalised?.at_quantiles[0] ?? null,
  }),

  text({ degree, quantiles, train, test }) {
    const row = (
      name: string,
      { samples, positive, mean, ...rest }: MarginDistribution,
    ) => [
      name,
      String(samples),
      percent(positive),
      short(mean),
      ...rest.at_quantiles.map(short),
    ];
    const normalised = (name: string, { normalised }: MarginDistribution) =>
      normalised
        ? [[
          `${name}, over ‖θ‖^${degree}`,
          "",
          "",
          short(normalised.mean),
          ...normalised.at_quantiles.map(short),
        ]]
        : [];
    return table([
      ["rows", "", "above 0", "mean", ...quantiles.map((q) => percent(q))],
      row("train", train),
      ...(test ? [row("test", test)] : []),
      ...normalised("train", train),
      ...(test ? normalised("test", test) : []),
    ]);
  },
};

// In the graph that training measures with.
async function margins(
  context: ProbeContext,
  { rows, labels }: Part,
): Promise<Float64Array> {
  const all = new Float64Array(rows.length);
  for await (const { first, logits } of logitChunks(context, rows)) {
    const own = labels.subarray(first, first + logits.rows);
    const { margins } = await runTraced(
      ({ logits, labels }) => ({
        margins: marginsOf(logits as tf.Tensor2D, labels as tf.Tensor1D),
      }),
      {
        logits: tensorOf(logits),
        labels: hostTensorOf("int64", [own.length], own),
      },
      context.host,
    );
    all.set(toNumbers(margins!), first);
  }
  return all;
}

function distributionOf(
  margins: Float64Array,
  scale: number | null,
): MarginDistribution {
  const sorted = margins.toSorted();
  const n = sorted.length;
  const at_quantiles = MARGIN_QUANTILES.map((q) =>
    sorted[Math.floor(q * (n - 1))]!
  );
  const middle = mean(sorted);
  const [least, width] = [sorted[0]!, (sorted[n - 1]! - sorted[0]!) / BINS];
  const histogram = Array<number>(BINS).fill(0);
  for (const x of sorted) {
    const bin = width > 0 ? Math.floor((x - least) / width) : 0;
    histogram[Math.min(bin, BINS - 1)]! += 1;
  }
  return {
    samples: n,
    positive: sorted.filter((x) => x > 0).length / n,
    mean: middle,
    at_quantiles,
    histogram,
    normalised: scale !== null && finite(1 / scale) !== null
      ? {
        mean: middle / scale,
        at_quantiles: at_quantiles.map((x) => x / scale),
      }
      : null,
  };
}
