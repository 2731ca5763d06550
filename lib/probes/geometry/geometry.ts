/**
 * The `geometry` probe: how long and how flat weights and activations are.
 *
 * @module
 */

import { append, hypotOf } from "../../base/extremes.ts";
import { percent, short, table } from "../../base/terminal.ts";
import { effectiveRankOf } from "../../metrics/effective_rank.ts";
import { rootsOfGram, singularValues } from "../../numeric/eigen.ts";
import { frobeniusNorm } from "../../numeric/matrix.ts";
import { finite } from "../../numeric/statistics.ts";
import { sizeOf, toNumbers } from "../../numeric/tensor.ts";
import type { SessionOptions } from "../../onnx/runtime/options.ts";
import { knownWeights } from "../context/known_weights.ts";
import { splitIfKnown } from "../context/row_groups.ts";
import { type RowsFrom, trainActivationParts } from "../context/train_rows.ts";
import { neuronHooksOf } from "../fourier/anatomy.ts";
import type { Probe } from "../probe.ts";
import { crossProduct, MatrixSum } from "./products.ts";

/** What the singular values σ of a matrix say. */
export interface SingularSpectrum {
  /** All of them, the largest first. */
  readonly singular_values: readonly number[];
  /** σ₁, the largest. */
  readonly spectral_norm: number;
  /** Σσ²/σ₁²; null where all are 0. */
  readonly stable_rank: number | null;
  /** exp(−Σ p ln p), p = σ/Σσ; null where all are 0. */
  readonly effective_rank: number | null;
}

/** A weight. */
export interface WeightGeometry {
  /** Its name. */
  readonly name: string;
  /** Which of its matrices, where it has one for each head. */
  readonly head: number | null;
  /** Lengths of its axes, or the matrix's. */
  readonly shape: readonly number[];
  /** √Σ w². */
  readonly norm: number;
  /** Of a matrix; of a vector null. */
  readonly spectrum: SingularSpectrum | null;
}

/** A hidden activation of the train rows, of sequences at the last position. */
export interface ActivationGeometry {
  /** Its hook. */
  readonly name: string;
  /** How many units. */
  readonly width: number;
  /** Share of all its numbers that are exactly 0. */
  readonly sparsity: number;
  /** Units that are 0 for every row. */
  readonly dead: number;
  /** Not centred; from the Gram matrix, so below √(width·ε)·σ₁ a σ is 0. */
  readonly spectrum: SingularSpectrum;
}

/** The result. */
export interface GeometryResult {
  /** √Σ w² over all weights. */
  readonly weight_norm: number;
  /** Every weight, of attention's each head's. */
  readonly weights: readonly WeightGeometry[];
  /** Train rows that the activations are of. */
  readonly samples: number;
  /** The hidden activations. */
  readonly activations: readonly ActivationGeometry[];
}

/**
 * Norms and singular values of every weight (of attention's for each head), and
 * sparsity and singular values of the hidden activations (`hook_post`) of the
 * train rows.
 *
 * Sources: effective rank, Roy & Vetterli (EUSIPCO 2007); stable rank, Rudelson &
 * Vershynin (arXiv math/0503442), Section 1.
 */
export const geometry: Probe<"geometry", GeometryResult> = {
  of: "checkpoint",
  name: "geometry",
  describe: "Norms, singular values, effective ranks, sparsity of activations",
  needs: "weights that can be read; of activations, hook_post and a task",

  async compute(context) {
    const { model } = context;
    const names = knownWeights(model);
    const weights: WeightGeometry[] = [];
    for (const name of names) {
      const { shape, data } = model.tensor(name);
      append(
        weights,
        await weightGeometry(name, shape, toNumbers({ data })),
      );
    }
    const all = hypotOf(
      names.map((name) =>
        frobeniusNorm({ data: toNumbers(model.tensor(name)) })
      ),
    );
    // Which rows were trained on no file of another tool says.
    const samples = splitIfKnown(context)?.train.rows.length ?? 0;
    const hidden = samples > 0 ? neuronHooksOf(context) : [];
    const activations: ActivationGeometry[] = [];
    for (const name of hidden) {
      const parts = trainActivationParts(context, name);
      activations.push(await activationGeometry(name, parts, context.host));
    }
    return {
      weight_norm: all,
      weights,
      samples: hidden.length > 0 ? samples : 0,
      activations,
    };
  },

  curves: ({ weight_norm, weights, activations }) => ({
    weight_norm,
    ...Object.fromEntries([
      ...weights.flatMap(({ name, head, spectrum }) =>
        spectrum && head === null
          ? [[`effective_rank.${name}`, spectrum.effective_rank]]
          : []
      ),
      ...activations.flatMap(({ name, spectrum, sparsity }) => [
        [`effective_rank.${name}`, spectrum.effective_rank],
        [`sparsity.${name}`, sparsity],
      ]),
    ]),
  }),

  text({ weight_norm, weights, samples, activations }) {
    return [
      `‖θ‖ = ${short(weight_norm)}`,
      ...table([
        ["weight", "shape", "norm", "spectral", "stable rank", "effective"],
        ...weights.map(({ name, head, shape, norm, spectrum }) => [
          head === null ? name : `${name}[${head}]`,
          shape.join("×"),
          short(norm),
          short(spectrum?.spectral_norm),
          short(spectrum?.stable_rank),
          short(spectrum?.effective_rank),
        ]),
      ]),
      ...(activations.length === 0 ? [] : table([
        [`of ${samples} train rows`, "width", "zero", "dead", "effective rank"],
        ...activations.map(({ name, width, sparsity, dead, spectrum }) => [
          name,
          String(width),
          percent(sparsity),
          String(dead),
          short(spectrum.effective_rank),
        ]),
      ])),
    ];
  },
};

async function weightGeometry(
  name: string,
  shape: readonly number[],
  data: Float64Array,
): Promise<WeightGeometry[]> {
  // [head, …, …] is a matrix for each head; a bias of each head is none.
  const isMatrix = shape.length >= 2 && !/(^|\.)b_[^.]*$/.test(name);
  if (!isMatrix) {
    const norm = frobeniusNorm({ data });
    return [{ name, head: null, shape, norm, spectrum: null }];
  }
  const [rows, columns] = shape.slice(-2) as [number, number];
  const count = sizeOf(shape.slice(0, -2));
  return await Promise.all(Array.from({ length: count }, async (_, i) => {
    const from = i * rows * columns;
    const part = data.subarray(from, from + rows * columns);
    const matrix = { rows, columns, data: part };
    return {
      name,
      head: shape.length === 2 ? null : i,
      shape: [rows, columns],
      norm: frobeniusNorm(matrix),
      spectrum: spectrumOf(await singularValues(matrix)),
    };
  }));
}

async function activationGeometry(
  name: string,
  parts: AsyncIterable<RowsFrom>,
  options: SessionOptions,
): Promise<ActivationGeometry> {
  const gram = new MatrixSum();
  let rows = 0;
  let zeros = new Int32Array();
  for await (const { some } of parts) {
    const { columns: width, data } = some;
    if (rows === 0) zeros = new Int32Array(width);
    rows += some.rows;
    data.forEach((x, i) => {
      if (x === 0) zeros[i % width]! += 1;
    });
    gram.add(await crossProduct(some, some, options));
  }
  const width = zeros.length;
  return {
    name,
    width,
    sparsity: zeros.reduce((sum, n) => sum + n, 0) / (rows * width),
    dead: zeros.filter((n) => n === rows).length,
    spectrum: spectrumOf(await rootsOfGram(gram.sum)),
  };
}

function spectrumOf(values: readonly number[]): SingularSpectrum {
  const [largest = 0] = values;
  const squares = values.reduce((sum, x) => sum + x * x, 0);
  return {
    singular_values: values,
    spectral_norm: largest,
    stable_rank: finite(squares / largest ** 2),
    effective_rank: finite(effectiveRankOf(values)),
  };
}
