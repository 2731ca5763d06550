/**
 * Randomness in functions that run both eagerly and traced: the same numbers
 * either way, on every device, in every precision, of every replica.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import type { RandomGenerator } from "../numeric/random.ts";
import { squaresOf, times, wordsIn } from "../numeric/squares.ts";
import { threefry2x32, type Words } from "../numeric/threefry.ts";
import { isTracing } from "./backend.ts";
import {
  counterOf,
  LEVELS,
  MOST_IN_A_ROW,
} from "./operators/random_counters.ts";

/**
 * What randomness is a function of, beside its purpose: numbers eagerly,
 * tensors traced, int32 [2] (the bits of two words) and an integer []. And what
 * makes it: Threefry where nothing is said; squares wants a key that is made for
 * it, see `stepKey`.
 */
export type Draw =
  & { readonly generator?: RandomGenerator | undefined }
  & (
    | { readonly key: Words; readonly time: number }
    | { readonly key: tf.Tensor1D; readonly time: tf.Tensor }
  );

type Traced = Extract<Draw, { readonly time: tf.Tensor }>;
type Eager = Exclude<Draw, Traced>;

/** What randomness is a function of, beside purpose and time, in the host's memory. */
export interface Randomness {
  /** Its key. */
  readonly key: Words;
  /** What makes it; Threefry where nothing is said. */
  readonly generator?: RandomGenerator | undefined;
}

/** Rows of a batch. */
export interface RowRange {
  /** The number of the first in the batch. */
  readonly first: number;
  /** How many. */
  readonly rows: number;
}

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
  const { generator = "threefry" } = draw;
  if (generator === "squares" && width > MOST_IN_A_ROW) {
    throw new RangeError(
      `Cannot make a dropout mask of ${width} elements a row: by squares a row ` +
        `has at most ${MOST_IN_A_ROW}`,
    );
  }
  if (isTracing()) {
    const { key, time } = draw as Traced;
    const attrs = { generator, purpose, threshold, first, rows, width };
    return kernel("KeepMask", { key, step: time }, attrs) as tf.Tensor2D;
  }
  const { lanes, levels } = SOURCES[generator](draw as Eager, purpose);
  const blocks = Math.ceil(width / lanes);
  const mask = new Float32Array(rows * width);
  const kept = LEVELS / threshold;
  const own = new Uint16Array(lanes);
  for (let row = 0; row < rows; row++) {
    const put = levels(first + row, blocks);
    for (let block = 0; block < blocks; block++) {
      put(block, own);
      for (let lane = 0; lane < lanes; lane++) {
        const column = lane * blocks + block;
        if (column < width && own[lane]! < threshold) {
          mask[row * width + column] = kept;
        }
      }
    }
  }
  return tf.tensor2d(mask, [rows, width]);
}

/**
 * A random order of 0..length-1: the rows sorted by 62 random bits each, in
 * which two are equal once in 2⁶²/length² orders (by Threefry, 63).
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
  const { generator = "threefry" } = draw;
  if (isTracing()) {
    const { key, time } = draw as Traced;
    const inputs = { key, epoch: time };
    const attrs = { generator, purpose, length };
    return kernel("RandomOrder", inputs, attrs) as tf.Tensor1D;
  }
  const { sortBy } = SOURCES[generator](draw as Eager, purpose);
  const bits = Array.from({ length }, (_, i) => sortBy(i));
  const order = Array.from(bits.keys()).sort((i, j) => {
    const [[a, b], [c, d]] = [bits[i]!, bits[j]!];
    return a - c || b - d || i - j;
  });
  return tf.tensor1d(order, "int32");
}

/** Random bits as an eager function wants them. */
interface Source {
  /** How many elements of a row are decided together: a block. */
  readonly lanes: number;
  /** What puts down the levels of a block, of a row that has so many. */
  levels(
    row: number,
    blocks: number,
  ): (block: number, levels: Uint16Array) => void;
  /** What a row is sorted by: first the one, then the other. */
  sortBy(row: number): Words;
}

const SOURCES: Readonly<
  Record<RandomGenerator, (draw: Eager, purpose: Words) => Source>
> = {
  threefry({ key, time }, purpose) {
    const own = threefry2x32(key, purpose);
    return {
      lanes: 4,
      levels: (row, blocks) => (block, levels) => {
        const [a, b] = threefry2x32(own, [row * blocks + block, time]);
        putHalves(levels, 0, a);
        putHalves(levels, 2, b);
      },
      sortBy(row) {
        const [a, b] = threefry2x32(own, [row, time]);
        return [a, b >>> 1];
      },
    };
  },
  squares({ key, time }, purpose) {
    const row = (number: number) =>
      times(wordsIn(counterOf(purpose, time, number, 0)), key);
    const steps: Words[] = [];
    const stepOf = (block: number) => steps[block] ??= times([0, block], key);
    // Of the product of a row's first counter and the key, a block's.
    const bits = (product: Words, block: number) => {
      const step = stepOf(block);
      const sum = product[1] + step[1];
      const carried = sum >= 2 ** 32 ? 1 : 0;
      return squaresOf((product[0] + step[0] + carried) >>> 0, sum >>> 0, key);
    };
    return {
      lanes: 2,
      levels(number) {
        const product = row(number);
        return (block, levels) => putHalves(levels, 0, bits(product, block));
      },
      sortBy(number) {
        const product = row(number);
        return [bits(product, 0) >>> 1, bits(product, 1) >>> 1];
      },
    };
  },
};

function putHalves(levels: Uint16Array, at: number, word: number): void {
  levels[at] = word >>> 16;
  levels[at + 1] = word & 0xFFFF;
}

// A kernel that no backend but the tracing one has.
const kernel = (
  name: string,
  inputs: Record<string, tf.Tensor>,
  attrs: tf.NamedAttrMap,
) => tf.engine().runKernel(name, inputs, attrs) as tf.Tensor;
