/**
 * The parts of a network that Fourier probes look at, found by their names.
 *
 * @module
 */

import {
  asMatrix,
  type Matrix,
  product,
  rowsAt,
  transposed,
} from "../../numeric/matrix.ts";
import type { HostTensor } from "../../numeric/tensor.ts";
import type { ProbeContext } from "../context/context.ts";
import { type CyclicTask, cyclicTask } from "./cyclic.ts";

/** A matrix with a name. */
export interface Named extends Matrix {
  /** What it is of: a weight's name, or a product of some. */
  readonly name: string;
}

/** The cyclic group of the context's task, made once. */
export function cyclicOf(context: ProbeContext): CyclicTask {
  return context.once("cyclic", () => cyclicTask(context.modular));
}

/**
 * The embeddings of the operands, rows in the order of the group's indices: W_E
 * without other tokens, or of one-hot inputs the two parts of the first layer.
 *
 * @returns [n, width] each; none where residues are not embedded by a weight of
 * these names.
 */
export function embeddingsOf(context: ProbeContext): Named[] {
  const { modulus, tokens } = context.modular;
  if (!tokens) return [];
  const { residues } = cyclicOf(context);
  const W_E = context.model.weight("W_E");
  if (W_E) {
    return W_E.shape.length === 2 && W_E.shape[0]! >= modulus
      ? [{ name: "W_E", ...rowsAt(asMatrix(W_E), residues) }]
      : [];
  }
  const first = context.model.weight("layers.0.W");
  if (!first || first.shape[0]! < 2 * modulus) return [];
  const matrix = asMatrix(first);
  return [0, modulus].map((from) => ({
    name: `layers.0.W[${from}:${from + modulus}]`,
    ...rowsAt(matrix, residues, from),
  }));
}

/** The unembedding W_U, a row for each class of the group: [n, d_model]. */
export function unembeddingOf(context: ProbeContext): Named | undefined {
  const W_U = context.model.weight("W_U");
  return W_U && classesOf(context, "W_U", asMatrix(W_U));
}

/**
 * The map from the last hidden neurons to the logits, a row for each class of the
 * group: [n, neurons]. It is (W_out·W_U)ᵀ of a transformer's last layer, or the
 * last layer's weight of a perceptron.
 */
export function neuronLogitMapOf(context: ProbeContext): Named | undefined {
  return context.once("neuron-logit map", () => {
    const { model } = context;
    const last = lastIndex((i) => model.weight(`layers.${i}.W`) !== undefined);
    if (last > 0) {
      const name = `layers.${last}.W`;
      return classesOf(context, name, asMatrix(model.weight(name)!));
    }
    const block = lastIndex((i) =>
      model.weight(`blocks.${i}.mlp.W_out`) !== undefined
    );
    const W_U = model.weight("W_U");
    if (block < 0 || !W_U) return undefined;
    const name = `blocks.${block}.mlp.W_out`;
    const out = asMatrix(model.weight(name)!);
    const unembedding = asMatrix(W_U);
    if (out.columns !== unembedding.rows) return undefined;
    return classesOf(context, `${name}·W_U`, product(out, unembedding));
  });
}

// [neurons, classes] → [n, neurons], where there is a class for each residue; what
// tokens a vocabulary has behind them is no answer.
function classesOf(
  context: ProbeContext,
  name: string,
  matrix: Matrix,
): Named | undefined {
  const { modulus } = context.modular;
  if (matrix.columns < modulus) return undefined;
  const { residues } = cyclicOf(context);
  return { name, ...rowsAt(transposed(matrix), residues) };
}

// More layers than this nobody groks with.
const MOST_LAYERS = 64;

function lastIndex(has: (i: number) => boolean): number {
  let i = MOST_LAYERS;
  while (i >= 0 && !has(i)) i--;
  return i;
}

/** The hooks behind the activation functions of hidden layers, first to last. */
export function neuronHooksOf({ model }: ProbeContext): string[] {
  return model.hookNames
    .filter((name) => /^(layers\.\d+|blocks\.\d+\.mlp)\.hook_post$/.test(name));
}

/**
 * An activation of every pair of the group at the last position, in the order of
 * the pairs: [n · n, width], of the activation's element type.
 */
export async function gridOf(
  context: ProbeContext,
  hook: string,
): Promise<HostTensor> {
  return await context.once(`grid ${hook}`, async () => {
    const { rows } = cyclicOf(context);
    return context.atLast(hook, await context.activation(hook), rows);
  });
}
