/**
 * How large attention's logits are.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import { widen } from "../trace/precision.ts";
import { SCORES } from "./attention.ts";
import type { Columns, GraphMetrics, Named } from "./group.ts";

// Of each layer the largest score of rows. Positions that may not be looked at have
// scores below any real one, and are not the largest.
function largestByLayer(
  activations: ReadonlyMap<string, tf.Tensor>,
): Named {
  const layers = [...activations].flatMap(([name, scores]) => {
    const [, layer] = SCORES.exec(name) ?? [];
    return layer === undefined ? [] : [{ layer, scores }];
  });
  return Object.fromEntries(layers.map(({ layer, scores: all }, i) => {
    const queries = all.shape[2]!;
    const scores = i === layers.length - 1
      ? tf.slice(all, [0, 0, queries - 1, 0], [-1, -1, 1, -1])
      : all; // [batch, head, query, key]
    return [layer, widen(tf.max(scores))];
  }));
}

/**
 * The largest attention logit ⟨q, k⟩/√d_head over train rows, heads and positions
 * that may be looked at: of all layers, and of each as
 * `max_attention_logit.BLOCK.attn`. Of the last block only the last query counts,
 * since the logits are read there.
 *
 * Source: Wortsman et al. (arXiv 2309.14322), Section 3.1.1.
 */
export const attentionLogits: GraphMetrics = {
  summary: "the largest attention logit, by layer",
  make: () => ({ maxima }) => {
    const largest = maxima(largestByLayer);
    const layers = Object.entries(largest);
    if (layers.length === 0) return {};
    const columns: Columns = {
      max_attention_logit: layers.map(([, x]) => x)
        .reduce((most, x) => tf.maximum(most, x)),
      ...Object.fromEntries(
        layers.map(([layer, x]) => [`max_attention_logit.${layer}`, x]),
      ),
    };
    return columns;
  },
};
