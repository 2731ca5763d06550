/**
 * Adagrad.
 *
 * @module
 */

import * as tf from "../../base/tfjs.ts";
import { scalar } from "../../trace/precision.ts";
import type { OptimizerDefinition } from "../definition.ts";
import { defineDescent } from "../descent.ts";
import {
  type AdamSettings,
  adamSettings,
  type DescentSettings,
} from "../settings.ts";
import {
  type GradientTransformation,
  type Params,
  zerosLike,
  zipTrees,
} from "../transform.ts";

/**
 * Divides gradients by the root of the sum of all their squares so far:
 * s ← s + g², u = g/(√s + ε), s being 0 at first.
 *
 * Source: Duchi, Hazan & Singer (JMLR 12, 2011), Section 1.2; as PyTorch's
 * Adagrad without `lr_decay`.
 *
 * @param eps ε.
 */
export function scaleByAdagrad(
  eps: number,
): GradientTransformation<{ readonly sum: Params }> {
  return {
    init: (params) => ({ sum: zerosLike(params) }),
    update(gradients, state) {
      const sum = zipTrees(
        (s, g) => tf.add(s, tf.square(g)),
        state.sum,
        gradients,
      );
      const updates = zipTrees(
        (g, s) => tf.div(g, tf.add(tf.sqrt(s), scalar(eps))),
        gradients,
        sum,
      );
      return [updates, { sum }];
    },
  };
}

/** Adagrad as a config names it. */
export const adagrad: OptimizerDefinition<
  DescentSettings & Pick<AdamSettings, "eps">
> = defineDescent({
  summary: "Adagrad, by default with L2 regularisation",
  settings: { eps: adamSettings.eps },
  decay: "l2",
  direction: ({ eps }) => scaleByAdagrad(eps),
});
