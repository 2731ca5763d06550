/**
 * Logits and activations of a task's rows, chunk by chunk where all of them would
 * be too much to have in memory.
 *
 * @module
 */

import type { Matrix } from "../../numeric/matrix.ts";
import { allFinite } from "../../numeric/statistics.ts";
import {
  type HostTensor,
  lastPosition,
  toNumbers,
  toTyped,
} from "../../numeric/tensor.ts";
import type { ProbeModel } from "../../onnx/inspect/probe_model.ts";
import type { ProbeContext } from "./context.ts";
import type { LabelledChunk } from "./cross_entropy.ts";
import { NotApplicableError } from "./not_applicable.ts";

/** What is had at once, in numbers; tests make it less. */
export const limits = {
  /** Of more, rows come in chunks. */
  whole: 2 ** 26,
  /** So many a chunk has, about. */
  chunk: 2 ** 22,
};

/** Some rows of a value. */
export interface Chunk {
  /** The place of the first among the rows that were asked for. */
  readonly first: number;
  /** Which rows of the task they are. */
  readonly rows: ArrayLike<number>;
  /** What they have, at the last position, in its own type: [rows, width]. */
  readonly value: HostTensor;
}

/** What is to be had in chunks. */
export interface ChunkOptions {
  /** Which rows, in which order; by default all. */
  readonly rows?: ArrayLike<number>;
  /** Who computes it; by default the context's model. */
  readonly model?: ProbeModel;
  /** Other weights, by name. */
  readonly weights?: Readonly<Record<string, HostTensor>>;
  /** Rows of a chunk; by default so many that it is not too large. */
  readonly most?: number;
}

/** How many classes the logits have, found by running a row. */
export function classesOf(context: ProbeContext): Promise<number> {
  return context.once("classes", async () => {
    const name = context.model.outputNames[0]!;
    const { [name]: z } = await context.model.run(inputsAt(context, [0]), [
      name,
    ]);
    return z!.shape.at(-1)!;
  });
}

/** Whether a task has so many rows and classes that its logits come in chunks. */
export async function isLarge(context: ProbeContext): Promise<boolean> {
  const { length } = context.dataset.inputs;
  // Of few rows nobody need be asked how many classes there are.
  if (length * MOST_CLASSES <= limits.whole) return false;
  return length * await classesOf(context) > limits.whole;
}

const MOST_CLASSES = 1024;

/** Some rows of the task as the model's inputs. */
export function inputsAt(
  context: ProbeContext,
  rows: ArrayLike<number>,
): Record<string, HostTensor> {
  const count = context.dataset.inputs.length;
  return Object.fromEntries(
    Object.entries(context.inputs()).map(([name, x]) => [
      name,
      x.shape[0] === count ? picked(x, rows) : x,
    ]),
  );
}

function picked(x: HostTensor, rows: ArrayLike<number>): HostTensor {
  const { dtype, shape: [, ...row], data } = x;
  const width = row.reduce((product, d) => product * d, 1);
  const some = toTyped(dtype, new Float64Array(rows.length * width));
  for (let i = 0; i < rows.length; i++) {
    const from = rows[i]! * width;
    // Both have the type of the same tensor.
    const own = data.subarray(from, from + width) as Float32Array;
    (some as Float32Array).set(own, i * width);
  }
  return { dtype, shape: [rows.length, ...row], data: some };
}

/**
 * A value of rows of the task, chunk by chunk: each is computed when it is asked
 * for, and nothing is kept.
 *
 * @param context The checkpoint.
 * @param name A value of the graph, [rows, width] or [rows, position, width].
 * @param options Which rows, and of which model.
 * @throws {NotApplicableError} if it has other axes.
 */
export async function* chunksOf(
  context: ProbeContext,
  name: string,
  { rows, model = context.model, weights, most }: ChunkOptions = {},
): AsyncGenerator<Chunk> {
  const count = rows?.length ?? context.dataset.inputs.length;
  let size = most ?? 1;
  for (let first = 0; first < count;) {
    const length = Math.min(size, count - first);
    const some = Int32Array.from(
      { length },
      (_, i) => rows?.[first + i] ?? first + i,
    );
    const inputs = inputsAt(context, some);
    const { [name]: value } = await model.run(inputs, [name], weights);
    const { shape } = value!;
    if (shape[0] !== length || shape.length < 2 || shape.length > 3) {
      throw new NotApplicableError(
        `${model.source} has ${name} of shape [${shape}]: it must be ` +
          `[rows, width] or [rows, position, width], of ${length} rows`,
      );
    }
    yield { first, rows: some, value: lastPosition(value!) };
    first += length;
    // The first row says how wide the others are.
    size = most ?? Math.max(1, Math.floor(limits.chunk / shape.at(-1)!));
  }
}

/**
 * The logits of every row of the task as another model, or one with other weights,
 * has them, in the file's own type: [rows, classes], chunk by chunk where they are
 * many.
 *
 * @param context The checkpoint.
 * @param model Who computes them.
 * @param weights Other weights, by name.
 */
export async function* logitsWith(
  context: ProbeContext,
  model: ProbeModel,
  weights: Readonly<Record<string, HostTensor>>,
): AsyncGenerator<LabelledChunk> {
  const name = model.outputNames[0]!;
  if (await isLarge(context)) {
    for await (
      const { first, value } of chunksOf(context, name, { model, weights })
    ) yield { first, z: value };
    return;
  }
  const { [name]: logits } = await model.run(context.inputs(), [name], weights);
  yield { first: 0, z: context.atLast(name, logits!) };
}

/** Some rows of logits. */
export interface LogitChunk {
  /** The place of the first among the rows that were asked for. */
  readonly first: number;
  /** Which rows of the task they are. */
  readonly rows: ArrayLike<number>;
  /** Their logits. */
  readonly logits: Matrix;
}

/**
 * The logits of rows of the task: all at once where they are kept in memory, else
 * chunk by chunk, computed anew each time.
 *
 * @param context The checkpoint.
 * @param rows Which rows, in which order; by default all.
 * @param most Rows of a chunk, where they come in chunks.
 * @throws {NotApplicableError} if some are not finite.
 */
export async function* logitChunks(
  context: ProbeContext,
  rows?: ArrayLike<number>,
  most?: number,
): AsyncGenerator<LogitChunk> {
  if (!await isLarge(context)) {
    const logits = await context.logits();
    const every = rows ?? Int32Array.from(context.dataset.inputs.keys());
    yield {
      first: 0,
      rows: every,
      logits: rows ? rowsOf(logits, rows) : logits,
    };
    return;
  }
  const options = { ...(rows && { rows }), ...(most && { most }) };
  const name = context.model.outputNames[0]!;
  for await (const chunk of chunksOf(context, name, options)) {
    const data = toNumbers(chunk.value);
    if (!allFinite(data)) throw notFinite(context);
    const [count, columns] = chunk.value.shape as [number, number];
    yield { ...chunk, logits: { rows: count, columns, data } };
  }
  if (!rows) seenFinite(context);
}

// Whether all logits were seen to be finite.
const FINITE = "finite logits";

function rowsOf(
  { columns, data }: Matrix,
  rows: ArrayLike<number>,
): Matrix {
  const some = new Float64Array(rows.length * columns);
  for (let i = 0; i < rows.length; i++) {
    const from = rows[i]! * columns;
    some.set(data.subarray(from, from + columns), i * columns);
  }
  return { rows: rows.length, columns, data: some };
}

/**
 * Looks whether all logits are finite; of others no probe says anything.
 *
 * @throws {NotApplicableError} if some are not.
 */
export async function finiteLogits(context: ProbeContext): Promise<void> {
  await context.once(FINITE, async () => {
    for await (const _ of logitChunks(context));
  });
}

/** Keeps that every row's logits were looked at, and are finite. */
export function seenFinite(context: ProbeContext): void {
  context.once(FINITE, () => Promise.resolve());
}

/** Says that logits are not finite. */
export function notFinite({ model }: ProbeContext): NotApplicableError {
  return new NotApplicableError(
    `${model.source} has logits that are not finite: no probe that reads them ` +
      "says anything",
  );
}

/**
 * Refuses what needs all rows' activations at once where they are too many.
 *
 * @param what What needs them.
 * @throws {NotApplicableError} if they are.
 */
export async function atOnce(
  context: ProbeContext,
  what: string,
): Promise<void> {
  if (!await isLarge(context)) return;
  const rows = context.dataset.inputs.length;
  const bytes = rows * await classesOf(context) * 8;
  throw new NotApplicableError(
    `${what} needs what all ${rows} rows have at once, and their logits alone ` +
      `are ${(bytes / 2 ** 30).toFixed(1)} GiB: at most ` +
      `${limits.whole * 8 / 2 ** 30} GiB are taken`,
  );
}
