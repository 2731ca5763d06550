/**
 * Two-dimensional Fourier components of functions whose values at all pairs would
 * be too much to have in memory: the transform along the second element, of some
 * first elements at a time, is at once summed against the waves of the first.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
import type { Session, SessionOptions } from "../onnx/session.ts";
import type { HostTensor } from "../onnx/tensor.ts";
import { compile } from "../trace/run.ts";
import type { Matrix } from "./context.ts";
import { tensorOf } from "./matrices.ts";
import { type Blocks, fourierBasis, frequencies } from "./spectra.ts";

/** Where variance lies, and which functions are the same everywhere. */
export interface ChunkedBlocks extends Blocks {
  /** Whether a function is, by its index. */
  silent(f: number): boolean;
}

/** Sums over the first elements so far. */
interface Sums {
  /** Each function's value at the first pair, which is taken off all. */
  readonly pivot: Float64Array;
  /** Σx². */
  readonly squares: Float64Array;
  /** Whether it has another value somewhere. */
  readonly varies: Uint8Array;
  /** Components of the first element alone, [basis, functions]. */
  readonly first: Float64Array;
  /** Components of the second alone, [basis, functions]. */
  readonly second: Float64Array;
  /** Products of a frequency's components, [k; cos, sin; cos, sin; functions]. */
  readonly both: Float64Array;
}

/**
 * As `blocks2d()`, of values that come in chunks: [first elements · n, functions],
 * the first element slowest, whole rows of the table of pairs in each.
 *
 * @param chunks All pairs, in their order.
 * @param n The order.
 * @param options Where to compute.
 */
export async function blocksInChunks(
  chunks: AsyncIterable<Matrix>,
  n: number,
  options: SessionOptions = {},
): Promise<ChunkedBlocks> {
  const K = frequencies(n).length;
  const basis = fourierBasis(n);
  // At k = n/2 there is no sine.
  while (basis.length < 1 + 2 * K) basis.push(new Float64Array(n));
  const F = tableOf(basis, 0, n);
  const sessions = new Map<number, Promise<Session>>();
  let sums: Sums | undefined;
  let from = 0;
  for await (const { rows, columns, data } of chunks) {
    sums ??= startOf(data.slice(0, columns), basis.length, K);
    const { pivot } = sums;
    const shifted = data.map((x, i) => x - pivot[i % columns]!);
    note(sums, shifted);
    const some = rows / n;
    const X = tensorOf({ rows, columns, data: shifted });
    const feeds = { F, W: tableOf(basis, from, some), X };
    const session = sessions.get(some) ?? transform(feeds, n, K, options);
    sessions.set(some, session);
    const found = await (await session).run(feeds);
    for (const name of ["first", "second", "both"] as const) {
      const part = found[name]!.data as Float64Array;
      sums[name].forEach((x, i, sum) => sum[i] = x + part[i]!);
    }
    from += some;
  }
  for (const session of sessions.values()) await (await session).close();
  return blocksOf(sums!, K);
}

const tableOf = (
  basis: readonly Float64Array[],
  from: number,
  count: number,
): HostTensor => {
  const data = new Float64Array(basis.length * count);
  basis.forEach((row, i) =>
    data.set(row.subarray(from, from + count), i * count)
  );
  return { dtype: "float64", shape: [basis.length, count], data };
};

function startOf(pivot: Float64Array, basis: number, K: number): Sums {
  const width = pivot.length;
  return {
    pivot,
    squares: new Float64Array(width),
    varies: new Uint8Array(width),
    first: new Float64Array(basis * width),
    second: new Float64Array(basis * width),
    both: new Float64Array(4 * K * width),
  };
}

function note({ pivot, squares, varies }: Sums, values: Float64Array): void {
  const width = pivot.length;
  for (let at = 0; at < values.length; at += width) {
    for (let f = 0; f < width; f++) {
      const x = values[at + f]!;
      squares[f]! += x * x;
      if (x !== 0) varies[f] = 1;
    }
  }
}

// F [basis, n], the waves W [basis, elements] at some first elements, and
// X [elements · n, functions].
function transform(
  feeds: { F: HostTensor; W: HostTensor; X: HostTensor },
  n: number,
  K: number,
  options: SessionOptions,
): Promise<Session> {
  const [basis, some] = feeds.W.shape as [number, number];
  const width = feeds.X.shape[1]!;
  return compile(
    ({ F, W, X }) => {
      const values = tf.reshape(X, [some, n, width]);
      // [elements, basis of the second, functions]
      const Y = tf.matMul(tf.expandDims(F, 0), values);
      const alone = tf.reshape(
        tf.slice(Y, [0, 0, 0], [-1, 1, -1]),
        [some, width],
      ) as tf.Tensor2D;
      const one = tf.slice(W, [0, 0], [1, -1]) as tf.Tensor2D;
      const flat = tf.reshape(Y, [some, basis * width]) as tf.Tensor2D;
      const waves = tf.reshape(
        tf.transpose(
          tf.reshape(tf.slice(Y, [0, 1, 0]), [some, K, 2 * width]),
          [1, 0, 2],
        ),
        [K, some, 2 * width],
      );
      const of = tf.reshape(tf.slice(W, [1, 0]), [K, 2, some]);
      return {
        first: tf.matMul(W as tf.Tensor2D, alone),
        second: tf.reshape(tf.matMul(one, flat), [basis, width]),
        both: tf.matMul(of, waves), // [K, 2, 2 · functions]
      };
    },
    feeds,
    options,
  );
}

function blocksOf(sums: Sums, K: number): ChunkedBlocks {
  const width = sums.pivot.length;
  const { first, second, both } = sums;
  const squared = (x: Float64Array, row: number, f: number) =>
    x[row * width + f]! ** 2;
  const each = (value: (f: number) => number) =>
    Float64Array.from({ length: width }, (_, f) => value(f));
  const ks = Array.from({ length: K }, (_, i) => i);
  return {
    // All squares but the constant's: the basis is orthonormal.
    variance: each((f) => sums.squares[f]! - squared(first, 0, f)),
    alone: ks.map((i) =>
      each((f) =>
        [1 + 2 * i, 2 + 2 * i].reduce(
          (sum, row) => sum + squared(first, row, f) + squared(second, row, f),
          0,
        )
      )
    ),
    together: ks.map((i) =>
      each((f) =>
        [0, 1, 2, 3].reduce(
          (sum, j) => sum + squared(both, 4 * i + j, f),
          0,
        )
      )
    ),
    silent: (f) => sums.varies[f] === 0,
  };
}
