/**
 * Clipping of gradients.
 *
 * @module
 */

import * as tf from "../../base/tfjs.ts";
import { nullable, positive, type Setting } from "../../settings/setting.ts";
import { castLike, scalar } from "../../trace/precision.ts";
import { defineStage, type StageDefinition } from "../definition.ts";
import { norm } from "../norm.ts";
import {
  type GradientTransformation,
  stateless,
  zipTrees,
} from "../transform.ts";

// As in PyTorch's clip_grad_norm_.
const TINY = 1e-6;

/**
 * Scales the gradient down where it is longer than c, all tensors as one vector:
 * g · min(c/(‖g‖ + 1e-6), 1), as PyTorch's `clip_grad_norm_`.
 *
 * @param most c, above 0.
 */
export function clipByNorm(most: number): GradientTransformation {
  return stateless((gradients) => {
    const share = tf.minimum(
      tf.div(scalar(most), tf.add(norm(gradients), scalar(TINY))),
      scalar(1),
    );
    return zipTrees((g) => tf.mul(g, castLike(share, g)), gradients);
  });
}

/**
 * Brings every element of the gradient into [−c, c], as PyTorch's
 * `clip_grad_value_`.
 *
 * @param most c, above 0.
 */
export function clipByValue(most: number): GradientTransformation {
  return stateless((gradients) =>
    zipTrees(
      (g) => tf.minimum(tf.maximum(g, scalar(-most)), scalar(most)),
      gradients,
    )
  );
}

/** Clipping by norm as a config names it. */
export const clipNormStage: StageDefinition<
  { readonly clipNorm: Setting<number | null> }
> = defineStage({
  summary: "the gradient scaled down to a largest norm",
  settings: {
    clipNorm: nullable(
      positive(1, "<c>", "scale the gradient down to this norm"),
    ),
  },
  by: "clipNorm",
  place: "gradient",
  make: ({ clipNorm }) => clipByNorm(clipNorm!),
});

/** Clipping by value as a config names it. */
export const clipValueStage: StageDefinition<
  { readonly clipValue: Setting<number | null> }
> = defineStage({
  summary: "the gradient's elements cut off at a largest size",
  settings: {
    clipValue: nullable(
      positive(1, "<c>", "cut the gradient's elements off at ±c"),
    ),
  },
  by: "clipValue",
  place: "gradient",
  make: ({ clipValue }) => clipByValue(clipValue!),
});
