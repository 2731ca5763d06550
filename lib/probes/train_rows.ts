/**
 * Logits and activations of the rows that a network was trained on.
 *
 * @module
 */

import { lastPosition, sizeOf } from "../onnx/tensor.ts";
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
  const { source } = context.model;
  const activation = await context.activation(name);
  const { shape, data } = activation;
  const axes = shape.length === 2 || shape.length === 3;
  if (!axes || sizeOf(shape) !== data.length) {
    throw new NotApplicableError(
      `${name} of ${source} has shape [${shape}], wanted [row, width] or ` +
        "[row, position, width]",
    );
  }
  const { rows } = context.task.split().train;
  const matrix = asMatrix(lastPosition(activation, rows));
  if (allFinite(matrix.data)) return matrix;
  throw new NotApplicableError(`${name} of ${source} is not finite`);
}
