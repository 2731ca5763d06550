/**
 * What stands in for a part of an activation that is taken out.
 *
 * @module
 */

import { chunksOf as rowChunks } from "../../../models/size.ts";
import {
  asMatrix,
  type Matrix,
  meanRow,
  tensorOf,
} from "../../numeric/matrix.ts";
import { type HostTensor, hostTensorOf, sizeOf } from "../../numeric/tensor.ts";
import { inputsAt, isLarge, logitChunks } from "../context/chunks.ts";
import type { ProbeContext } from "../context/context.ts";
import type { LabelledChunk } from "../context/cross_entropy.ts";
import { everyRow } from "../context/row_groups.ts";
import { cyclicOf } from "./anatomy.ts";
import { answerWaves } from "./waves.ts";

/** What stands in the place of what is ablated. */
export type StandIn = "mean" | "zero";

/**
 * By which factor and summand some elements of an activation become their means over
 * all rows of the task, position by position, or zero.
 *
 *     const model = context.model.edited(
 *       patch(hook, await without(context, hook, "mean", (i) => i === 3)),
 *     );
 *
 * @param context The checkpoint.
 * @param hook The activation, [rows, …].
 * @param by What stands in.
 * @param out Whether an element of a row is taken out, by its index among the
 * row's; by default every one is.
 */
export async function without(
  context: ProbeContext,
  hook: string,
  by: StandIn,
  out: (i: number) => boolean = () => true,
): Promise<{ readonly keep: HostTensor; readonly add: HostTensor }> {
  const { dtype, shape: row } = await rowOf(context, hook);
  const means = by === "mean"
    ? await context.once(`means of ${hook}`, () => meansOf(context, hook))
    : new Float64Array(sizeOf(row));
  const taken = Array.from(means, (_, i) => out(i));
  return {
    keep: hostTensorOf(dtype, row, taken.map((t) => t ? 0 : 1)),
    add: hostTensorOf(
      dtype,
      row,
      means.map((mean, i) => taken[i] ? mean : 0),
    ),
  };
}

// Element type and shape of an activation's row.
async function rowOf(
  context: ProbeContext,
  hook: string,
): Promise<Pick<HostTensor, "dtype" | "shape">> {
  const x = await isLarge(context)
    ? (await context.model.run(inputsAt(context, [0]), [hook]))[hook]!
    : await context.activation(hook);
  return { dtype: x.dtype, shape: x.shape.slice(1) };
}

// The mean of an activation over all rows of the task, [row].
async function meansOf(
  context: ProbeContext,
  hook: string,
): Promise<Float64Array> {
  if (!await isLarge(context)) {
    return meanRow(asMatrix(await context.activation(hook)));
  }
  let sum: Float64Array | undefined;
  const { length } = context.task.labels;
  for (const [from, to] of rowChunks(length, ROWS)) {
    const rows = Int32Array.from({ length: to - from }, (_, i) => from + i);
    const { [hook]: x } = await context.model
      .run(inputsAt(context, rows), [hook]);
    const mean = meanRow(asMatrix(x!));
    sum ??= new Float64Array(mean.length);
    mean.forEach((m, i) => sum![i]! += m * (to - from) / length);
  }
  return sum!;
}

// Rows whose activations are in memory at once.
const ROWS = 4096;

/** The logits of every row, to be scored. */
export async function* labelled(
  context: ProbeContext,
): AsyncGenerator<LabelledChunk> {
  for await (const { first, logits } of logitChunks(context)) {
    yield { first, z: tensorOf(logits) };
  }
}

/**
 * The logits of rows less waves, as {@link answerWaves} has them, to be scored; rows
 * outside the group stay as they are.
 *
 * @param waves [n, classes], by the answer.
 * @param rows Which rows, in which order; by default all.
 */
export async function* logitsLess(
  context: ProbeContext,
  waves: Float64Array,
  rows?: ArrayLike<number>,
): AsyncGenerator<LabelledChunk> {
  for await (const chunk of logitChunks(context, rows)) {
    const { logits } = chunk;
    const left = less(context, logits, waves, chunk.rows, (i) => i);
    yield { first: chunk.first, z: tensorOf(left) };
  }
}

/**
 * An activation of every row less its waves of some frequencies, cos(w_k s) and
 * sin(w_k s) of the answer s; rows outside the group stay as they are.
 *
 *     const x = await withoutFrequencies(context, hook, [14]);
 *     const model = context.model.edited(given(hook, x));
 *     await model.run({ ...context.inputs(), [hook]: x });
 *
 * @param context The checkpoint, of an operation modulo p.
 * @param hook The activation, [rows, …].
 * @param ks The frequencies, 1 ≤ k ≤ n/2.
 * @throws {NotApplicableError} if nothing is modular about the task.
 */
export async function withoutFrequencies(
  context: ProbeContext,
  hook: string,
  ks: readonly number[],
): Promise<HostTensor> {
  const { dtype, shape, data } = await context.activation(hook);
  const matrix = asMatrix({ dtype, shape, data });
  return hostTensorOf(
    dtype,
    shape,
    lessWaves(context, matrix, answerWaves(context, matrix).sum(ks)).data,
  );
}

/**
 * Rows of a matrix less waves, as {@link answerWaves} has them; rows outside the
 * group stay as they are.
 *
 * @param matrix A row for each row of the task.
 * @param waves [n, columns], by the answer.
 * @param rows Which rows, in which order; by default all.
 * @returns [rows, columns].
 */
export function lessWaves(
  context: ProbeContext,
  matrix: Matrix,
  waves: Float64Array,
  rows: ArrayLike<number> = everyRow(context).rows,
): Matrix {
  return less(context, matrix, waves, rows, (_, row) => row);
}

// Rows of the task less waves; `place` says where in the matrix they are.
function less(
  context: ProbeContext,
  matrix: Matrix,
  waves: Float64Array,
  rows: ArrayLike<number>,
  place: (i: number, row: number) => number,
): Matrix {
  const { answerOfRow } = cyclicOf(context);
  const { columns, data } = matrix;
  const left = new Float64Array(rows.length * columns);
  for (let i = 0, to = 0; i < rows.length; i++) {
    const row = rows[i]!;
    const answer = answerOfRow[row]!;
    let from = place(i, row) * columns;
    const end = from + columns;
    if (answer < 0) { while (from < end) left[to++] = data[from++]!; }
    else {
      let wave = answer * columns;
      while (from < end) left[to++] = data[from++]! - waves[wave++]!;
    }
  }
  return { rows: rows.length, columns, data: left };
}
