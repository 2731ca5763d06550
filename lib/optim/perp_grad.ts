/**
 * ⊥Grad: the gradient without its part along the weights.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
import { choice, type Setting, yesNo } from "../config/setting.ts";
import { scalar } from "../trace/precision.ts";
import { leavesOf } from "../tree.ts";
import { defineStage, type StageDefinition } from "./definition.ts";
import {
  type GradientTransformation,
  type Params,
  stateless,
  zipTrees,
} from "./transform.ts";

/** The choices that the paper and its code make differently. */
export interface PerpGradOptions {
  /**
   * Project each parameter tensor by itself (the paper's code, the default) or
   * all of them as one vector (the paper's Eq. 12 as written).
   */
  readonly scope?: "tensor" | "global";
  /**
   * Scale the projected gradient back to the length it had before (the paper's
   * code, the default); Eq. 11 and 12 do not.
   */
  readonly renormalise?: boolean;
}

// Keeps 0/0 away where a tensor is all zero, far below any real ‖w‖².
const TINY = 1e-30;

const dot = (a: tf.Tensor, b: tf.Tensor) => tf.sum(tf.mul(a, b));

const dotTrees = (a: Params, b: Params) =>
  leavesOf<tf.Tensor>(zipTrees(dot, a, b))
    .map(([, product]) => product)
    .reduce((sum, product) => tf.add(sum, product));

/**
 * Removes from the gradient g its component along the weights w, the direction
 * of naïve loss minimisation:
 *
 *     g′ = g − (w·g)/(w·w + 1e-30) · w
 *     g″ = g′ · ‖g‖/(‖g′‖ + 1e-30)      with `renormalise`
 *
 * It stands first in a chain, before any optimizer: `chain(perpGrad(), adamw())`.
 *
 * Source: Prieto et al. (arXiv 2501.04697), Eq. 11–12, and its code.
 *
 * @param options Scope and renormalisation.
 */
export function perpGrad(
  { scope = "tensor", renormalise = true }: PerpGradOptions = {},
): GradientTransformation {
  return stateless((gradients, params) => {
    if (scope === "tensor") {
      return zipTrees(
        (g, w) =>
          perpendicular({ x: g }, { x: w }, renormalise)["x"] as tf.Tensor,
        gradients,
        params,
      );
    }
    return perpendicular(gradients, params, renormalise);
  });
}

function perpendicular(g: Params, w: Params, renormalise: boolean): Params {
  const proj = tf.div(dotTrees(w, g), tf.add(dotTrees(w, w), scalar(TINY)));
  const perp = zipTrees((g, w) => tf.sub(g, tf.mul(proj, w)), g, w);
  if (!renormalise) return perp;
  const length = tf.sqrt(dotTrees(g, g));
  const left = tf.sqrt(dotTrees(perp, perp));
  const factor = tf.div(length, tf.add(left, scalar(TINY)));
  return zipTrees((g) => tf.mul(g, factor), perp);
}

/** ⊥Grad's settings. */
export type PerpGradSettings = {
  readonly perpGrad: Setting<boolean>;
  readonly perpAt: Setting<"gradient" | "update">;
  readonly perpScope: Setting<"tensor" | "global">;
  readonly perpRenormalise: Setting<boolean>;
};

/** Whether, where and how. */
export const perpGradSettings: PerpGradSettings = {
  perpGrad: yesNo(true, "remove the gradient's part along the weights"),
  perpAt: choice(
    ["gradient", "update"],
    "gradient",
    "<name>",
    "⊥Grad of the gradient, or of the update that the optimizer makes of it",
  ),
  perpScope: choice(
    ["tensor", "global"],
    "tensor",
    "<scope>",
    "⊥Grad per tensor, or global",
  ),
  perpRenormalise: yesNo(true, "⊥Grad: keep the gradient's length"),
};

/** ⊥Grad of the gradient as a config names it; that of updates is in descent.ts. */
export const perpGradStage: StageDefinition<PerpGradSettings> = defineStage({
  summary: "⊥Grad",
  settings: perpGradSettings,
  by: "perpGrad",
  isOn: ({ perpGrad, perpAt }) => perpGrad && perpAt === "gradient",
  place: "gradient",
  make: ({ perpScope: scope, perpRenormalise: renormalise }) =>
    perpGrad({ scope, renormalise }),
});
