/**
 * Randomness in functions that run both eagerly and traced: the same numbers
 * either way, on every device, in every precision, of every replica.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import { isTracing } from "./backend.ts";
import { threefry2x32, type Words } from "../numeric/threefry.ts";

/**
 * What randomness is a function of, beside its purpose: numbers eagerly,
 * tensors traced, int32 [2] (the bits of two words) and an integer [].
 */
export type Draw =
  | { readonly key: Words; readonly time: number }
  | { readonly key: tf.Tensor1D; readonly time: tf.Tensor };

type Traced = Extract<Draw, { readonly time: tf.Tensor }>;
type Eager = Exclude<Draw, Traced>;

/** Rows of a batch. */
export interface RowRange {
  /** The number of the first in the batch. */
  readonly first: number;
  /** How many. */
  readonly rows: number;
}

/**
 * Random bits decide in sixteenths of a word, four to a block of the generator.
 */
const LEVELS = 2 ** 16;
const LANES = 4;

/**
 * A dropout mask: 1/(1 − rate) where an element is kept, 0 where it is dropped.
 * An element's fate hangs on its row's number in the batch, not on which rows
 * are computed together. The rate is rounded to a multiple of 2⁻¹⁶, neither 0
 * nor 1.
 *
 * @param draw Seed and step.
 * @param purpose What it is for: another purpose, another mask.
 * @param rate Probability of being dropped, in (0, 1).
 * @param range Which rows.
 * @param width Elements of a row.
 * @returns [rows, width]; traced it takes the floating type of what it meets.
 */
export function keepMask(
  draw: Draw,
  purpose: Words,
  rate: number,
  { first, rows }: RowRange,
  width: number,
): tf.Tensor2D {
  const wanted = Math.round((1 - rate) * LEVELS);
  const threshold = Math.min(Math.max(wanted, 1), LEVELS - 1);
  const blocks = Math.ceil(width / LANES);
  if (isTracing()) {
    const { key, time } = draw as Traced;
    const attrs = { purpose, threshold, blocks, first, rows, width };
    return kernel("KeepMask", { key, step: time }, attrs) as tf.Tensor2D;
  }
  const { key, time } = draw as Eager;
  const own = threefry2x32(key, purpose);
  const mask = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    for (let block = 0; block < blocks; block++) {
      const [a, b] = threefry2x32(own, [(first + row) * blocks + block, time]);
      [a >>> 16, a & 0xFFFF, b >>> 16, b & 0xFFFF].forEach((level, lane) => {
        const column = lane * blocks + block;
        if (column < width && level < threshold) {
          mask[row * width + column] = LEVELS / threshold;
        }
      });
    }
  }
  return tf.tensor2d(mask, [rows, width]);
}

/**
 * A random order of 0..length-1: the rows sorted by 63 random bits each, in
 * which two are equal once in 2⁶³/length² orders.
 *
 * @param draw Seed and epoch: another epoch, another order.
 * @param purpose What it is for.
 * @param length How many.
 * @returns [length], integer.
 */
export function randomOrder(
  draw: Draw,
  purpose: Words,
  length: number,
): tf.Tensor1D {
  if (isTracing()) {
    const { key, time } = draw as Traced;
    const inputs = { key, epoch: time };
    return kernel("RandomOrder", inputs, { purpose, length }) as tf.Tensor1D;
  }
  const { key, time } = draw as Eager;
  const own = threefry2x32(key, purpose);
  const bits = Array.from(
    { length },
    (_, i) => threefry2x32(own, [i, time]),
  );
  const order = Array.from(bits.keys()).sort((i, j) => {
    const [[a, b], [c, d]] = [bits[i]!, bits[j]!];
    return a - c || (b >>> 1) - (d >>> 1) || i - j;
  });
  return tf.tensor1d(order, "int32");
}

// A kernel that no backend but the tracing one has.
const kernel = (
  name: string,
  inputs: Record<string, tf.Tensor>,
  attrs: tf.NamedAttrMap,
) => tf.engine().runKernel(name, inputs, attrs) as tf.Tensor;
