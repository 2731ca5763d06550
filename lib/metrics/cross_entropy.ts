/**
 * Softmax cross-entropy, whatever is trained with.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import { mean } from "../losses/mod.ts";
import { softmax } from "../losses/softmax.ts";
import { widen } from "../trace/precision.ts";
import type { Columns, GraphMetrics } from "./group.ts";

/**
 * The mean of −log softmax(z)_y, in the loss's precision: of logits that are trained
 * with a z-loss, a penalty, label smoothing, a temperature or another loss the one
 * number that can be compared; and the mean of log Σ exp(z) over the train rows, which
 * a z-loss holds near 0.
 */
export const crossEntropy: GraphMetrics = {
  summary:
    "softmax cross-entropy of the logits, whatever the loss; log Σ exp(z)",
  make: ({ config: { lossPrecision: precision } }) => ({ train, others }) => {
    if (train.classes === undefined) return {};
    const columns: Columns[] = Object.entries({ train, ...others })
      .map(([name, { byRow }]) => ({
        [`${name}_cross_entropy`]: mean(
          byRow((z, y) => softmax.terms(z, y, precision)),
          precision,
        ),
      }));
    const logZ = train.byRow((z) =>
      tf.squeeze(softmax.logPartition!(z, precision).logZ, [1])
    );
    return {
      ...Object.assign({}, ...columns),
      log_partition: tf.mean(widen(logZ)),
    };
  },
};
