/**
 * Logits and activations of the rows that a network was trained on.
 *
 * @module
 */

import { type HostTensor, lastPosition, sizeOf } from "../onnx/tensor.ts";
import { asMatrix, rowsAt } from "./anatomy.ts";
import type { Matrix, ProbeContext } from "./context.ts";
import { allFinite, NotApplicableError } from "./probe.ts";

/** The logits of the train rows, [rows, classes]. */
export async function trainLogits(context: ProbeContext): Promise<Matrix> {
  return rowsAt(await context.logits(), context.task.split().train.rows);
}

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
  const inputs = Object.fromEntries(
    Object.entries(context.inputs()).map((
      [name, tensor],
    ) => [name, picked(tensor, rows)]),
  );
  const found = await context.model.run(inputs, names);
  return Object.fromEntries(
    names.map((name) => [name, finiteRows(context, name, found[name]!)]),
  );
}

// Some rows of a tensor.
function picked({ dtype, shape, data }: HostTensor, rows: Int32Array) {
  const width = sizeOf(shape.slice(1));
  const make = data.constructor as Float32ArrayConstructor;
  const own = new make(rows.length * width);
  rows.forEach((row, i) =>
    own.set(
      data.subarray(row * width, (row + 1) * width) as Float32Array,
      i * width,
    )
  );
  return { dtype, shape: [rows.length, ...shape.slice(1)], data: own };
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
