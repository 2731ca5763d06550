/**
 * Activations of the rows that a network was trained on.
 *
 * @module
 */

import { asMatrix, type Matrix } from "../../numeric/matrix.ts";
import { allFinite } from "../../numeric/statistics.ts";
import { type HostTensor, lastPosition, sizeOf } from "../../numeric/tensor.ts";
import { chunksOf, inputsAt, isLarge } from "./chunks.ts";
import type { ProbeContext } from "./context.ts";
import { NotApplicableError } from "./not_applicable.ts";

/**
 * An activation of the train rows, [rows, width]; of sequences, [row, position,
 * width], at the last position.
 *
 * @throws {NotApplicableError} if it is not finite, or of another shape.
 */
export async function trainActivation(
  context: ProbeContext,
  name: string,
): Promise<Matrix> {
  const activation = await context.activation(name);
  const { rows } = context.task.split().train;
  return finiteRows(context, name, activation, rows);
}

/** Some rows of a matrix. */
export interface RowsFrom {
  /** The place of the first among all. */
  readonly first: number;
  /** The rows, [some, width]. */
  readonly some: Matrix;
}

/**
 * The same in parts: where rows are too many to be had at once, each part is computed
 * when it is asked for, and nothing is kept.
 *
 * @throws {NotApplicableError} as {@link trainActivation}.
 */
export async function* trainActivationParts(
  context: ProbeContext,
  name: string,
): AsyncGenerator<RowsFrom> {
  if (!await isLarge(context)) {
    yield { first: 0, some: await trainActivation(context, name) };
    return;
  }
  const { rows } = context.task.split().train;
  for await (const { first, value } of chunksOf(context, name, { rows })) {
    yield { first, some: finiteRows(context, name, value) };
  }
}

/**
 * The same of some train rows only, of which nothing is kept: several activations,
 * by name.
 *
 * @param context The network.
 * @param names The activations.
 * @param rows Which rows of the task.
 */
export async function activationsOfRows(
  context: ProbeContext,
  names: readonly string[],
  rows: Int32Array,
): Promise<Record<string, Matrix>> {
  const found = await context.model
    .run(inputsAt(context, rows), names);
  return Object.fromEntries(
    names.map((name) => [name, finiteRows(context, name, found[name]!)]),
  );
}

// Rows of an activation at the last position, all of them finite.
function finiteRows(
  { model: { source } }: ProbeContext,
  name: string,
  activation: HostTensor,
  rows?: Int32Array,
): Matrix {
  const { shape, data } = activation;
  const axes = shape.length === 2 || shape.length === 3;
  if (!axes || sizeOf(shape) !== data.length) {
    throw new NotApplicableError(
      `${name} of ${source} has shape [${shape}], wanted [row, width] or ` +
        "[row, position, width]",
    );
  }
  const matrix = asMatrix(lastPosition(activation, rows));
  if (allFinite(matrix.data)) return matrix;
  throw new NotApplicableError(`${name} of ${source} is not finite`);
}
