/**
 * What falls below the range of the numbers: gradients and exponentials.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
import { exponentials, fraction } from "../losses/mod.ts";
import { FLOATS } from "../trace/floats.ts";
import { scalar } from "../trace/precision.ts";
import type { GraphMetrics } from "./group.ts";
import { shares } from "./vectors.ts";

const isZero = (x: tf.Tensor) => tf.equal(x, tf.zerosLike(x));

/**
 * The share of gradient entries that are exactly 0, and of the train rows'
 * exp(zₖ − max z), in the loss's precision, that are 0, or below the smallest
 * normal number. Of every loss, as for softmax collapse: what a softmax would
 * lose.
 */
export const underflow: GraphMetrics = {
  summary: "zero gradients, exponentials that underflow",
  make:
    ({ config: { lossPrecision: precision }, loss: { temperature } }) =>
    ({ gradients, train }) => {
      const e = exponentials(train.logits, precision, temperature);
      const { smallestNormal } = FLOATS[precision];
      return {
        ...shares("zero_gradients", (g) => isZero(g!), gradients),
        zero_exponentials: fraction(isZero(e)),
        exponential_underflow: fraction(tf.less(e, scalar(smallestNormal))),
      };
    },
};
