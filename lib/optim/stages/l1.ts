/**
 * L1 regularisation.
 *
 * @module
 */

import * as tf from "../../base/tfjs.ts";
import { notNegative, type Setting } from "../../settings/setting.ts";
import { scalar } from "../../trace/precision.ts";
import { defineStage, type StageDefinition } from "../definition.ts";
import {
  type GradientTransformation,
  stateless,
  zipTrees,
} from "../transform.ts";

/**
 * Adds the gradient of λ‖w‖₁ to the gradient: g + λ·sign(w), sign(0) being 0.
 *
 * @param lambda λ.
 */
export function addL1(lambda: number): GradientTransformation {
  return stateless((gradients, params) =>
    zipTrees(
      (g, w) => tf.add(g, tf.mul(scalar(lambda), tf.sign(w))),
      gradients,
      params,
    )
  );
}

/** L1 regularisation as a config names it. */
export const l1Stage: StageDefinition<{ readonly l1: Setting<number> }> =
  defineStage({
    summary: "L1 regularisation of the weights",
    settings: {
      l1: notNegative(0, "<λ>", "L1 regularisation of the weights"),
    },
    by: "l1",
    place: "gradient",
    make: ({ l1 }) => addL1(l1),
  });
