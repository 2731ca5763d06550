/**
 * What falls below the range of the numbers: gradients and exponentials.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import { exponentials } from "../losses/softmax.ts";
import { FLOATS } from "../numeric/floats.ts";
import type { FloatDType } from "../numeric/tensor.ts";
import { scalar } from "../trace/precision.ts";
import type { GraphMetrics, OfRows } from "./group.ts";
import { flaggedShares } from "./vectors.ts";

const isZero = (x: tf.Tensor) => tf.equal(x, tf.zerosLike(x));

/**
 * The share of all exp(zₖ − max z), as a softmax of a precision has them, that are
 * 0, and that are below the smallest normal number, 0 among them.
 *
 * @param share What tells the share of true ones, as of all train rows.
 * @param precision The softmax's.
 * @param temperature What it divides the logits by.
 */
export function lostExponentials<T extends tf.Tensor>(
  share: (f: OfRows<tf.Tensor2D>) => T,
  precision: FloatDType,
  temperature = 1,
): { zero_exponentials: T; exponential_underflow: T } {
  const { smallestNormal } = FLOATS[precision];
  const among = (lost: (e: tf.Tensor2D) => tf.Tensor) =>
    share((logits) =>
      lost(exponentials(logits, precision, temperature)) as tf.Tensor2D
    );
  return {
    zero_exponentials: among(isZero),
    exponential_underflow: among((e) => tf.less(e, scalar(smallestNormal))),
  };
}

/**
 * The share of gradient entries that are exactly 0, and {@link lostExponentials} of
 * the train rows, in the loss's precision. Of every loss, as for softmax collapse: what a softmax would
 * lose.
 */
export const underflow: GraphMetrics = {
  summary: "zero gradients, exponentials that underflow",
  make:
    ({ config: { lossPrecision: precision }, loss: { temperature } }) =>
    ({ gradients, train }) => ({
      ...flaggedShares("zero_gradients", (g) => isZero(g!), gradients),
      ...lostExponentials(train.share, precision, temperature),
    }),
};
