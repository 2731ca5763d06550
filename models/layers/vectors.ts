/**
 * The vectors of a sequence's positions, computed one by one or looked up.
 *
 * @module
 */

import * as tf from "../../lib/base/tfjs.ts";
import { embed } from "../model.ts";

/** What is known about a batch. */
export interface BatchShape {
  /** How many sequences. */
  readonly batch: number;
  /** Positions of each. */
  readonly length: number;
  /** Whether activations are marked. */
  readonly marked: boolean;
}

/** A vector for each position of each sequence of a batch. */
export interface Vectors {
  /** Of which batch. */
  readonly shape: BatchShape;
  /** The same of each vector: f takes and gives […, width]. */
  map(f: (vectors: tf.Tensor) => tf.Tensor): Vectors;
  /**
   * The vectors of the last n positions: [batch, n, width] where activations are
   * marked, [batch · n, width] where not.
   */
  last(n: number): tf.Tensor;
  /**
   * The same, each vector cut into one for each head.
   *
   * @param heads How many.
   * @param n Positions.
   * @param mark Marks them as [batch, n, head, width/heads].
   * @returns [batch, head, n, width/heads].
   */
  byHead(
    heads: number,
    n: number,
    mark: (x: tf.Tensor) => tf.Tensor,
  ): tf.Tensor;
  /** Only where all sequences are known to end with the same: it, [1, width]. */
  readonly end?: tf.Tensor;
  /**
   * Only there: the vectors of one position, [batch, width]; of the last one
   * {@link Vectors.end}.
   */
  at?(position: number): tf.Tensor;
}

/**
 * Vectors as {@link Vectors.last} gives them.
 *
 * @param x [batch, n, …], of whose last axes the vectors are made.
 * @param shape Of which batch.
 */
export function asVectors(x: tf.Tensor, { marked }: BatchShape): tf.Tensor {
  const [batch, n, ...rest] = x.shape as [number, number, ...number[]];
  const width = rest.reduce((product, d) => product * d, 1);
  return tf.reshape(x, marked ? [batch, n, width] : [batch * n, width]);
}

/**
 * Vectors that are there.
 *
 * @param vectors As {@link Vectors.last} gives them, of all positions.
 * @param shape Of which batch.
 */
export function computed(vectors: tf.Tensor, shape: BatchShape): Vectors {
  const { batch, length } = shape;
  const width = vectors.shape.at(-1)!;
  const last = (n: number) => {
    if (n === length) return vectors;
    const all = tf.reshape(vectors, [batch, length, width]);
    return asVectors(tf.slice(all, [0, length - n, 0], [-1, n, -1]), shape);
  };
  return {
    shape,
    last,
    map: (f) => computed(f(vectors), shape),
    byHead(heads, n, mark) {
      const cut = tf.reshape(last(n), [batch, n, heads, width / heads]);
      return tf.transpose(mark(cut), [0, 2, 1, 3]);
    },
  };
}

/**
 * Vectors that depend on the token alone, or on token and position: computed once
 * for each of these, and looked up. Activations of single rows are not there to be
 * marked.
 *
 * @param table [kinds, width].
 * @param kinds [batch, length], which row of the table each position has.
 * @param lastKind Which row of the table the last position of every sequence has,
 * if that is known.
 */
export function lookedUp(
  table: tf.Tensor2D,
  kinds: tf.Tensor2D,
  lastKind?: number,
): Vectors {
  const [batch, length] = kinds.shape;
  const end = lastKind === undefined
    ? undefined
    : tf.slice(table, [lastKind, 0], [1, -1]);
  const last = (n: number) => tf.slice(kinds, [0, length - n], [-1, n]);
  return {
    shape: { batch, length, marked: false },
    map: (f) => lookedUp(f(table) as tf.Tensor2D, kinds, lastKind),
    ...(end && {
      end,
      at(position) {
        if (position === length - 1) return end;
        const column = tf.slice(kinds, [0, position], [-1, 1]);
        return embed(table, tf.reshape(column, [batch]) as tf.Tensor1D);
      },
    }),
    last: (n) => embed(table, tf.reshape(last(n), [batch * n]) as tf.Tensor1D),
    byHead(heads, n) {
      const [rows, whole] = table.shape;
      const width = whole / heads;
      const pieces = tf.reshape(table, [rows * heads, width]) as tf.Tensor2D;
      const ids = tf.reshape(
        tf.add(
          times(tf.expandDims(last(n), 1), heads),
          tf.reshape(upTo(heads), [1, heads, 1]),
        ),
        [batch * heads * n],
      ) as tf.Tensor1D;
      return tf.reshape(embed(pieces, ids), [batch, heads, n, width]);
    },
  };
}

/** 0, 1, …, n−1. */
export const upTo = (n: number): tf.Tensor1D =>
  tf.tensor1d([...Array(n).keys()], "int32");

/** Integers multiplied. */
export const times = (ids: tf.Tensor, n: number): tf.Tensor =>
  tf.mul(ids, tf.scalar(n, "int32"));

/**
 * Vectors times a matrix, plus a bias: […, in] → […, out].
 *
 * @param x […, in].
 * @param W [in, out].
 * @param b [out], if there is a bias.
 */
export function linear(x: tf.Tensor, W: tf.Tensor, b?: tf.Tensor): tf.Tensor {
  // Over all rows at once: TensorFlow.js's gradient of a batched product does not
  // sum over a broadcast operand.
  const [from, to] = W.shape as [number, number];
  const product = tf.matMul(
    tf.reshape(x, [-1, from]) as tf.Tensor2D,
    W as tf.Tensor2D,
  );
  const sum = b ? tf.add(product, b) : product;
  return tf.reshape(sum, [...x.shape.slice(0, -1), to]);
}
