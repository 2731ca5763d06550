/**
 * Perceptrons with neurons, or singular values, taken out.
 *
 * @module
 */

import {
  nearestOfRank,
  type SingularVectors,
  singularVectors,
} from "../../numeric/eigen.ts";
import { asMatrix, type Matrix } from "../../numeric/matrix.ts";
import { type HostTensor, hostTensorOf } from "../../numeric/tensor.ts";
import type { ProbeModel } from "../../onnx/inspect/probe_model.ts";
import { NotApplicableError } from "../context/not_applicable.ts";

/** A layer's weight. */
export interface Layer {
  /** Its name, by which the model is asked. */
  readonly name: string;
  /** As the model has it, [in, out]. */
  readonly tensor: HostTensor;
  /** The same numbers. */
  readonly matrix: Matrix;
}

/** Weights in place of a model's own, by name. */
export type Weights = Readonly<Record<string, HostTensor>>;

/**
 * The weights `layers.i.W` of a perceptron, first to last: two or more.
 *
 * @throws {NotApplicableError} if it has none of these names, no hidden layer, or
 * widths that do not fit one behind the other.
 */
export function perceptronLayers(model: ProbeModel): Layer[] {
  const layers: Layer[] = [];
  for (;;) {
    const name = `layers.${layers.length}.W`;
    const tensor = model.weight(name);
    if (!tensor) break;
    layers.push({ name, tensor, matrix: asMatrix(tensor) });
  }
  if (layers.length < 2) {
    throw new NotApplicableError(
      `${model.source} has ${layers.length} of a perceptron's weights ` +
        "layers.0.W, layers.1.W, …, wanted two or more, the hidden neurons " +
        "between them",
    );
  }
  layers.slice(1).forEach(({ name, tensor }, i) => {
    const [before, own] = [layers[i]!.tensor.shape, tensor.shape];
    if (before.length === 2 && own.length === 2 && before[1] === own[0]) return;
    throw new NotApplicableError(
      `${model.source} has ${
        layers[i]!.name
      } of shape [${before}] in front of ` +
        `${name} of shape [${own}]: the neurons between two weights are the ` +
        "columns of the one and the rows of the other",
    );
  });
  return layers;
}

/**
 * The hidden neurons of each layer, those of the least ‖w_in‖·‖w_out‖ first: w_in is
 * a neuron's column of the weight in front of it, w_out its row of the one behind;
 * biases do not count. Of several alike the first comes first.
 *
 * @param layers The weights.
 */
export function neuronsByNorm(layers: readonly Layer[]): number[][] {
  return layers.slice(1).map(({ matrix: behind }, i) => {
    const { rows, columns, data } = layers[i]!.matrix;
    const incoming = new Float64Array(columns);
    for (let at = 0; at < rows * columns; at++) {
      incoming[at % columns]! += data[at]! ** 2;
    }
    const outgoing = new Float64Array(behind.rows);
    behind.data.forEach((x, at) =>
      outgoing[Math.floor(at / behind.columns)]! += x ** 2
    );
    const product = incoming.map((x, j) => Math.sqrt(x * outgoing[j]!));
    return [...product.keys()].sort((j, k) => product[j]! - product[k]!);
  });
}

/** How many of so many a share takes: ⌊share · n⌋. */
export function countOf(share: number, n: number): number {
  // The product of 0.7 and 90 is 62.999…: what is meant is 63.
  return Math.floor(share * n + 1e-9);
}

/**
 * The weights without a share of each hidden layer's neurons, those of the least
 * ‖w_in‖·‖w_out‖: what leads out of them is 0.
 *
 * @param layers The weights.
 * @param order {@link neuronsByNorm} of them.
 * @param share How many are deleted, in [0, 1].
 * @returns Those weights that are others than the network's.
 */
export function withoutNeurons(
  layers: readonly Layer[],
  order: readonly (readonly number[])[],
  share: number,
): Weights {
  return changed(layers.slice(1), ({ matrix }, i) => {
    const deleted = order[i]!.slice(0, countOf(share, matrix.rows));
    if (deleted.length === 0) return undefined;
    const { columns } = matrix;
    const data = matrix.data.slice();
    for (const j of deleted) data.fill(0, j * columns, (j + 1) * columns);
    return { ...matrix, data };
  });
}

/** The singular values of each layer's weight with their vectors. */
export async function spectraOf(
  layers: readonly Layer[],
): Promise<SingularVectors[]> {
  const spectra: SingularVectors[] = [];
  for (const { matrix } of layers) spectra.push(await singularVectors(matrix));
  return spectra;
}

/**
 * The weights without a share of each one's singular values, the smallest: of q of
 * them ⌊share · q⌋ are 0, and the weight is the nearest one of that rank.
 *
 * @param layers The weights.
 * @param spectra {@link spectraOf} them.
 * @param share How many are taken out, in [0, 1].
 * @returns Those weights that are others than the network's.
 */
export function ofLowerRank(
  layers: readonly Layer[],
  spectra: readonly SingularVectors[],
  share: number,
): Weights {
  return changed(layers, (_, i) => {
    const spectrum = spectra[i]!;
    const q = spectrum.values.length;
    const rank = q - countOf(share, q);
    return rank === q ? undefined : nearestOfRank(spectrum, rank);
  });
}

function changed(
  layers: readonly Layer[],
  change: (layer: Layer, i: number) => Matrix | undefined,
): Weights {
  return Object.fromEntries(layers.flatMap((layer, i) => {
    const { name, tensor: { dtype, shape } } = layer;
    const matrix = change(layer, i);
    return matrix ? [[name, hostTensorOf(dtype, shape, matrix.data)]] : [];
  }));
}
