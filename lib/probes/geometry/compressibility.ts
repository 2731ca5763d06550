/**
 * The `compressibility` probe: how much of a perceptron can be taken out, and what
 * goes with it.
 *
 * @module
 */

import { percent, short, table } from "../../base/terminal.ts";
import { asMatrix } from "../../numeric/matrix.ts";
import { finite } from "../../numeric/statistics.ts";
import { chunksOf, finiteLogits, logitsWith } from "../context/chunks.ts";
import type { ProbeContext } from "../context/context.ts";
import { everyRow, splitIfKnown } from "../context/row_groups.ts";
import type { Part } from "../context/task.ts";
import type { RowsFrom } from "../context/train_rows.ts";
import { neuronHooksOf } from "../fourier/anatomy.ts";
import type { Probe } from "../probe.ts";
import { classSeparation } from "./class_separation.ts";
import {
  neuronsByNorm,
  ofLowerRank,
  perceptronLayers,
  spectraOf,
  type Weights,
  withoutNeurons,
} from "./pruning.ts";
import { readoutOf } from "./readout.ts";

/** What is left of the accuracy over some rows. */
export interface PruningCurve {
  /** Which rows: `train`, `test`, a further part of the task's, or `all`. */
  readonly part: string;
  /** Share of right answers with each of the shares taken out, 0..1. */
  readonly accuracy: readonly number[];
  /**
   * The mean of accuracy over the whole network's accuracy, by the trapezoidal
   * rule: 1 where nothing is lost; null where the whole network has no right answer.
   */
  readonly area: number | null;
}

/** The result. */
export interface CompressibilityResult {
  /** Hidden neurons. */
  readonly neurons: number;
  /** The shares that are taken out: 0, 0.05, …, 0.95. */
  readonly shares: readonly number[];
  /** The parts of the rows, with the whole network's accuracy over each. */
  readonly parts: readonly {
    readonly name: string;
    readonly rows: number;
    readonly accuracy: number;
  }[];
  /** Without neurons, those of the least ‖w_in‖·‖w_out‖ in each hidden layer. */
  readonly pruning: readonly PruningCurve[];
  /** Without the smallest singular values of each weight. */
  readonly spectral: readonly PruningCurve[];
  /** The rows that the following are of: those trained on, else all. */
  readonly samples: number;
  /** R² of the last hidden activations by class. */
  readonly class_separation: number | null;
  /** Rows of these that have no activation but 0 there, and are left out. */
  readonly zero_rows: number;
  /** Share of all hidden activations that are exactly 0; null where they have no name. */
  readonly activation_sparsity: number | null;
}

const SHARES = Array.from({ length: 20 }, (_, i) => i / 20);

/**
 * How much of a perceptron can be taken out: accuracy as neurons are deleted, and as
 * its weights' ranks are lowered; the separation of the classes and the sparsity of
 * the activations; the accuracy over every part of the task's rows.
 *
 * Formulas and sources: {@link withoutNeurons}, {@link ofLowerRank},
 * {@link classSeparation}. What is measured follows Barsbey, Prieto et al. (arXiv
 * 2507.17748), the formulas of the curves and their areas are groklab's.
 */
export const compressibility: Probe<"compressibility", CompressibilityResult> =
  {
    of: "checkpoint",
    name: "compressibility",
    describe:
      "Accuracy without neurons and singular values, class separation, sparsity",
    needs: "a task, and weights layers.0.W, layers.1.W, … of a perceptron",
    costly: "runs the network forty times",

    async compute(context) {
      const layers = perceptronLayers(context.model);
      await finiteLogits(context);
      const parts = partsOf(context);
      const order = neuronsByNorm(layers);
      const spectra = await spectraOf(layers);
      const pruning = await curvesOf(
        context,
        parts,
        (share) => withoutNeurons(layers, order, share),
      );
      const spectral = await curvesOf(
        context,
        parts,
        (share) => ofLowerRank(layers, spectra, share),
      );
      const { train } = splitIfKnown(context) ?? { train: everyRow(context) };
      const { features } = readoutOf(context.model);
      const { r2, zero_rows } = await classSeparation(
        activationParts(context, features, train.rows),
        train.labels,
      );
      return {
        neurons: order.reduce((sum, { length }) => sum + length, 0),
        shares: SHARES,
        parts: [...parts].map(([name, { rows }], i) => ({
          name,
          rows: rows.length,
          accuracy: pruning[i]!.accuracy[0]!,
        })),
        pruning,
        spectral,
        samples: train.rows.length,
        class_separation: r2,
        zero_rows,
        activation_sparsity: await sparsityOf(context, train.rows),
      };
    },

    curves: (result) => ({
      ...byPart("accuracy", result.parts, ({ name }) => name, "accuracy"),
      ...byPart("prunability", result.pruning, ({ part }) => part, "area"),
      ...byPart("low_rank", result.spectral, ({ part }) => part, "area"),
      class_separation: result.class_separation,
      activation_sparsity: result.activation_sparsity,
    }),

    text(result) {
      const { parts, pruning, spectral, shares } = result;
      const at = (share: number) => shares.indexOf(share);
      const half = (curve: PruningCurve) => percent(curve.accuracy[at(0.5)]!);
      return [
        `${result.neurons} hidden neurons; areas are 1 where nothing is lost`,
        ...table([
          [
            ...["rows", "", "accuracy", "without half of the neurons"],
            ...["area", "of the singular values", "area"],
          ],
          ...parts.map(({ name, rows, accuracy }, i) => [
            name,
            String(rows),
            percent(accuracy),
            half(pruning[i]!),
            short(pruning[i]!.area),
            half(spectral[i]!),
            short(spectral[i]!.area),
          ]),
        ]),
        `of ${result.samples} rows: class separation R² ` +
        `${short(result.class_separation)}` +
        (result.zero_rows > 0
          ? ` (${result.zero_rows} without a feature left out)`
          : "") +
        (result.activation_sparsity === null
          ? ""
          : `, ${percent(result.activation_sparsity)} of the hidden ` +
            "activations are 0"),
      ];
    },
  };

const byPart = <T, K extends keyof T>(
  what: string,
  list: readonly T[],
  name: (entry: T) => string,
  key: K,
) => Object.fromEntries(list.map((x) => [`${what}.${name(x)}`, x[key]]));

// Every part of the task's rows that there is; of rows that nobody divides all.
function partsOf(context: ProbeContext): Map<string, Part> {
  const split = splitIfKnown(context);
  if (!split) return new Map([["all", everyRow(context)]]);
  const { train, test, extra = {} } = split;
  return new Map(
    Object.entries({ train, test, ...extra })
      .filter(([, { rows }]) => rows.length > 0),
  );
}

async function curvesOf(
  context: ProbeContext,
  parts: ReadonlyMap<string, Part>,
  less: (share: number) => Weights,
): Promise<PruningCurve[]> {
  const accuracies: number[][] = [];
  for (const share of SHARES) {
    const largest = await largestOf(context, less(share));
    accuracies.push(
      [...parts.values()].map(({ rows, labels }) =>
        rows.filter((row, i) => largest[row] === labels[i]).length / rows.length
      ),
    );
  }
  return [...parts.keys()].map((part, i) => {
    const accuracy = accuracies.map((all) => all[i]!);
    return { part, accuracy, area: areaOf(SHARES, accuracy) };
  });
}

/**
 * The mean of y/y₀ over x by the trapezoidal rule.
 *
 * @param x Ascending.
 * @param y As many numbers.
 * @returns null where y₀ is 0.
 */
export function areaOf(
  x: readonly number[],
  y: readonly number[],
): number | null {
  const area = x.slice(1).reduce(
    (sum, to, i) => sum + (to - x[i]!) * (y[i]! + y[i + 1]!) / 2,
    0,
  );
  return finite(area / (x.at(-1)! - x[0]!) / y[0]!);
}

// The class of each row's largest logit; of several alike the first.
async function largestOf(
  context: ProbeContext,
  weights: Weights,
): Promise<Int32Array> {
  const largest = new Int32Array(context.task.labels.length);
  for await (
    const { first, z } of logitsWith(context, context.model, weights)
  ) {
    const { rows, columns, data } = asMatrix(z);
    for (let row = 0; row < rows; row++) {
      const from = row * columns;
      let best = from;
      for (let at = from + 1; at < from + columns; at++) {
        if (data[at]! > data[best]!) best = at;
      }
      largest[first + row] = best - from;
    }
  }
  return largest;
}

async function* activationParts(
  context: ProbeContext,
  name: string,
  rows: Int32Array,
): AsyncGenerator<RowsFrom> {
  for await (const { first, value } of chunksOf(context, name, { rows })) {
    yield { first, some: asMatrix(value) };
  }
}

async function sparsityOf(
  context: ProbeContext,
  rows: Int32Array,
): Promise<number | null> {
  let zeros = 0;
  let all = 0;
  for (const name of neuronHooksOf(context)) {
    for await (const { some } of activationParts(context, name, rows)) {
      all += some.data.length;
      for (const x of some.data) if (x === 0) zeros++;
    }
  }
  return finite(zeros / all);
}
