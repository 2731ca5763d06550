/**
 * Weights of constant norm.
 *
 * @module
 */

import * as tf from "../../base/tfjs.ts";
import { type Setting, yesNo } from "../../settings/setting.ts";
import { castLike, scalar } from "../../trace/precision.ts";
import { defineStage, type StageDefinition } from "../definition.ts";
import { norm } from "../norm.ts";
import {
  applyUpdates,
  type GradientTransformation,
  newCount,
  zipTrees,
} from "../transform.ts";

/**
 * Scales the new weights, all tensors as one vector, back to the norm that they
 * had before the first update: with w′ = w + u, u becomes w′·‖w₀‖/‖w′‖ − w. It
 * stands behind the optimizer.
 *
 * Source: Liu et al. (Omnigrok, arXiv 2210.01117), Section 3, constrained
 * optimization.
 */
export function constantNorm(): GradientTransformation {
  return {
    // 0: there was no update yet.
    init: (params) => ({ norm: newCount(params) }),
    update(updates, state, params) {
      const known = state["norm"] as tf.Tensor;
      const first = tf.equal(known, scalar(0));
      const kept = tf.where(first, castLike(norm(params), known), known);
      const moved = applyUpdates(params, updates);
      const factor = tf.divNoNan(kept, castLike(norm(moved), known));
      return [
        zipTrees((x, w) => tf.sub(tf.mul(factor, x), w), moved, params),
        { norm: kept },
      ];
    },
  };
}

/** The projection as a config names it. */
export const constantNormStage: StageDefinition<
  { readonly constantNorm: Setting<boolean> }
> = defineStage({
  summary: "weights kept at the norm they start with",
  settings: {
    constantNorm: yesNo(
      false,
      "scale the weights back to their first norm after every step",
    ),
  },
  by: "constantNorm",
  place: "update",
  make: () => constantNorm(),
});
