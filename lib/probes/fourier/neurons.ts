/**
 * Neurons by frequency: the two-dimensional Fourier components of activations over
 * (a, b).
 *
 * @module
 */

import { asMatrix, type Matrix } from "../../numeric/matrix.ts";
import { type HostTensor, hostTensorOf } from "../../numeric/tensor.ts";
import type { SessionOptions } from "../../onnx/runtime/options.ts";
import { fraction, type Setting } from "../../settings/setting.ts";
import { chunksOf, inputsAt, isLarge } from "../context/chunks.ts";
import type { ProbeContext } from "../context/context.ts";
import { cyclicOf, gridOf } from "./anatomy.ts";
import { type Blocks, blocks2d, frequencies } from "./spectra.ts";
import { blocksInChunks } from "./spectra_in_chunks.ts";

/** From which share of its variance on a neuron belongs to a frequency. */
export const neuronShare: Setting<number> = fraction(
  0.85,
  "<f>",
  "share of a neuron's variance that makes it one of a frequency",
);

/**
 * Where the variance over (a, b) of some functions lies, by frequency.
 *
 * With Z the components of a function over the group's pairs, its variance is
 * ΣZ² without the constant's. The block of frequency k has the eight products of
 * {1, cos_k, sin_k} by {1, cos_k, sin_k} but the constant.
 *
 * Source: Nanda et al. (arXiv 2301.05217), Section 4.2 and Appendix.
 */
export interface Spectrum2d {
  /** The activation: a hook's name, or `logits`. */
  readonly activation: string;
  /**
   * Share of all functions' variance, in 0..1, in the components of a alone and of
   * b alone, of each frequency k = 1, …, ⌊n/2⌋; null where nothing varies.
   */
  readonly linear_power: readonly (number | null)[];
  /** The same of the products of a's and b's components of frequency k. */
  readonly product_power: readonly (number | null)[];
  /** The frequency whose block is largest, of each function; null where silent. */
  readonly frequencies: readonly (number | null)[];
  /** That block's share of the function's variance, in 0..1; null where silent. */
  readonly shares: readonly (number | null)[];
}

/**
 * The spectrum of an activation of every pair, made once for each.
 *
 * @param context The checkpoint.
 * @param activation A hook behind neurons, or `logits`.
 */
export function spectrum2dOf(
  context: ProbeContext,
  activation: string,
): Promise<Spectrum2d> {
  return context.once(`2-D spectrum ${activation}`, async () => {
    const { order } = cyclicOf(context);
    if (await isLarge(context)) {
      const chunks = gridChunks(context, activation);
      const blocks = await blocksInChunks(chunks, order, context.host);
      return spectrumOf(activation, blocks, order, blocks.silent);
    }
    const grid = activation === "logits"
      ? await logitGrid(context)
      : await gridOf(context, activation);
    return await spectrum2d(activation, grid, order, context.host);
  });
}

// So many numbers a chunk of the table of pairs has, about; and one row at least.
const AT_ONCE = 2 ** 22;

// Whole rows of the table of pairs.
async function* gridChunks(
  context: ProbeContext,
  activation: string,
): AsyncGenerator<Matrix> {
  const { rows, residues, order: n } = cyclicOf(context);
  const logits = activation === "logits";
  const name = logits ? context.model.outputNames[0]! : activation;
  const width = logits
    ? residues.length
    : (await context.model.run(inputsAt(context, [0]), [name]))[name]!
      .shape.at(-1)!;
  const most = n * Math.max(1, Math.floor(AT_ONCE / (n * width)));
  for await (const { value } of chunksOf(context, name, { rows, most })) {
    const matrix = asMatrix(value);
    yield logits ? columnsAt(matrix, residues) : matrix;
  }
}

function columnsAt(
  { rows, columns, data }: Matrix,
  which: ArrayLike<number>,
): Matrix {
  const picked = new Float64Array(rows * which.length);
  for (let i = 0; i < rows; i++) {
    for (let c = 0; c < which.length; c++) {
      picked[i * which.length + c] = data[i * columns + which[c]!]!;
    }
  }
  return { rows, columns: which.length, data: picked };
}

// [n · n, n]: classes of the group, in the order of its indices.
async function logitGrid(context: ProbeContext): Promise<HostTensor> {
  const { rows, residues } = cyclicOf(context);
  const logits = await context.logits();
  const picked = new Float64Array(rows.length * residues.length);
  for (let i = 0; i < rows.length; i++) {
    for (let c = 0; c < residues.length; c++) {
      picked[i * residues.length + c] = logits
        .data[rows[i]! * logits.columns + residues[c]!]!;
    }
  }
  return hostTensorOf("float64", [rows.length, residues.length], picked);
}

/**
 * The spectrum of functions of two elements of a cyclic group.
 *
 * @param activation What they are.
 * @param grid [n · n, functions], the first element slowest.
 * @param n The group's order.
 * @param options Where to compute.
 */
export async function spectrum2d(
  activation: string,
  grid: HostTensor,
  n: number,
  options: SessionOptions = {},
): Promise<Spectrum2d> {
  const blocks = await blocks2d(grid, n, options);
  return spectrumOf(activation, blocks, n, silence(grid));
}

function spectrumOf(
  activation: string,
  { variance, alone, together }: Blocks,
  n: number,
  silent: (f: number) => boolean,
): Spectrum2d {
  const best = new Int32Array(variance.length).fill(-1);
  const most = new Float64Array(variance.length);
  for (const [i, k] of frequencies(n).entries()) {
    for (let f = 0; f < most.length; f++) {
      const block = alone[i]![f]! + together[i]![f]!;
      if (block > most[f]!) [most[f], best[f]] = [block, k];
    }
  }
  const total = variance.reduce((a, b) => a + b, 0);
  const share = (block: Float64Array) =>
    total > 0 ? block.reduce((a, b) => a + b, 0) / total : null;
  return {
    activation,
    linear_power: alone.map(share),
    product_power: together.map(share),
    frequencies: [...best].map((k, f) => silent(f) ? null : k),
    shares: [...most].map((x, f) => silent(f) ? null : x / variance[f]!),
  };
}

// A function that is the same everywhere: what its transform leaves is rounding.
function silence({ shape, data }: HostTensor): (f: number) => boolean {
  const width = shape[1]!;
  const varies = new Uint8Array(width);
  let still = width;
  for (let from = width; from < data.length && still > 0; from += width) {
    for (let f = 0; f < width; f++) {
      if (varies[f] === 0 && data[from + f] !== data[f]) {
        varies[f] = 1;
        still--;
      }
    }
  }
  return (f) => varies[f] === 0;
}

/** The neurons of a frequency. */
export interface Cluster {
  /** k. */
  readonly frequency: number;
  /** Their indices in the layer. */
  readonly neurons: readonly number[];
}

/**
 * Neurons of which a share or more of the variance is of one frequency.
 *
 * @param spectrum Of the neurons.
 * @param share How much of the variance it must be, in [0, 1].
 */
export function clustersOf(
  { frequencies, shares }: Spectrum2d,
  share: number,
): Cluster[] {
  const clusters = new Map<number, number[]>();
  for (const [neuron, k] of frequencies.entries()) {
    if (k === null || !(shares[neuron]! >= share)) continue;
    if (!clusters.has(k)) clusters.set(k, []);
    clusters.get(k)!.push(neuron);
  }
  return [...clusters].map(([frequency, neurons]) => ({ frequency, neurons }))
    .sort((x, y) => x.frequency - y.frequency);
}
