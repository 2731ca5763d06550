/**
 * The first product of a perceptron that reads tokens.
 *
 * @module
 */

import * as tf from "../../lib/base/tfjs.ts";
import { embed, type Hook, noHook } from "../model.ts";

/**
 * The first layer's product. concat(onehot(a), onehot(b), …) · W is row a of W's
 * first p rows plus row b of its next p rows, and so on; embedded, the rows of
 * W_E · W's parts, where those are fewer than the batch's.
 *
 * @param tokens [batch, length], int32.
 * @param W [length · vocabulary or embedding, width].
 * @param W_E [vocabulary, embedding]; undefined where tokens are one-hot.
 * @param hook Told of the embedded tokens, `hook_embed`.
 * @returns [batch, width].
 */
export function productOfTokens(
  tokens: tf.Tensor2D,
  W: tf.Tensor2D,
  W_E: tf.Tensor2D | undefined,
  hook: Hook,
): tf.Tensor2D {
  const [batch, length] = tokens.shape;
  if (W_E && (hook !== noHook || W_E.shape[0] > batch)) {
    const vectors = tf.reshape(
      embed(W_E, tf.reshape(tokens, [-1]) as tf.Tensor1D),
      [batch, length, W_E.shape[1]],
    );
    const all = hook("hook_embed", vectors); // [batch, pos, embedding]
    return tf.matMul(tf.reshape(all, [batch, W.shape[0]]) as tf.Tensor2D, W);
  }
  const height = W.shape[0] / length;
  const token = (i: number) =>
    tf.reshape(tf.slice(tokens, [0, i], [-1, 1]), [-1]) as tf.Tensor1D;
  const part = (i: number) => tf.slice(W, [i * height, 0], [height, -1]);
  return Array.from(
    { length },
    (_, i) => embed(W_E ? tf.matMul(W_E, part(i)) : part(i), token(i)),
  ).reduce((sum, rows) => tf.add(sum, rows));
}
