/**
 * The vectors that a transformer's first layer reads: those of tokens and positions.
 *
 * @module
 */

import * as tf from "../../lib/base/tfjs.ts";
import { embed, type Hook } from "../model.ts";
import {
  asVectors,
  type BatchShape,
  computed,
  lookedUp,
  times,
  upTo,
  type Vectors,
} from "./vectors.ts";

/** What tokens and, where they have vectors of their own, positions are looked up in. */
interface Embeddings {
  /** [vocabulary, d_model] */
  readonly W_E: tf.Tensor;
  /** [length, d_model] */
  readonly W_pos?: tf.Tensor;
}

/**
 * The vectors of a batch's tokens at their positions, [batch, pos, d_model], or
 * [batch · pos, d_model] where nobody looks.
 */
export function tokenVectors(
  { W_E, W_pos }: Embeddings,
  tokens: tf.Tensor,
  shape: BatchShape,
  hook: Hook,
): Vectors {
  const ids = tf.reshape(tokens, [-1]) as tf.Tensor1D;
  const vectors = tf.reshape(
    embed(W_E as tf.Tensor2D, ids),
    [shape.batch, shape.length, W_E.shape[1]!],
  );
  const embedded = hook("hook_embed", vectors);
  const sum = W_pos
    ? tf.add(embedded, hook("hook_pos_embed", W_pos))
    : embedded;
  return computed(asVectors(sum, shape), shape);
}

/**
 * The same where nobody looks, as a table and the rows of it that are looked up.
 * Before the first attention a vector depends on its token and position alone: where
 * these pairs are fewer than the batch's vectors, products are taken once for each
 * of them.
 *
 * @param lastToken The token that every row ends with, if that is always the same.
 */
export function tableOfVectors(
  { W_E, W_pos }: Embeddings,
  tokens: tf.Tensor,
  lastToken?: number,
): Vectors {
  if (!W_pos) {
    return lookedUp(W_E as tf.Tensor2D, tokens as tf.Tensor2D, lastToken);
  }
  const [vocabulary, dModel] = W_E.shape as [number, number];
  const length = tokens.shape[1]!;
  const table = tf.reshape(
    tf.add(tf.expandDims(W_E, 1), W_pos),
    [vocabulary * length, dModel],
  ) as tf.Tensor2D;
  const places = tf.add(times(tokens, length), upTo(length));
  const lastKind = lastToken === undefined
    ? undefined
    : lastToken * length + length - 1;
  return lookedUp(table, places as tf.Tensor2D, lastKind);
}
