/**
 * ⊥Grad: the gradient without its part along the weights.
 *
 * @module
 */

import {
  checkOptions,
  type Checks,
  flag,
  list,
  oneOf,
} from "../../base/options.ts";
import * as tf from "../../base/tfjs.ts";
import {
  choice,
  nullable,
  type Setting,
  type Values,
  yesNo,
} from "../../settings/setting.ts";
import { castLike, scalar } from "../../trace/precision.ts";
import { leavesOf, mapTree, treeOf } from "../../base/tree.ts";
import { defineStage, type StageDefinition } from "../definition.ts";
import {
  type GradientTransformation,
  type Params,
  stateless,
  zipTrees,
} from "../transform.ts";

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
  /**
   * Names of parameters that count as one tensor where they stand side by side,
   * with scope `tensor`; by default none.
   */
  readonly joint?: readonly (readonly string[])[];
}

const PERP_GRAD: Checks<PerpGradOptions> = {
  scope: oneOf(["tensor", "global"]),
  renormalise: flag,
  joint: list,
};

// Keeps 0/0 away where a tensor is all zero, far below any real ‖w‖².
const TINY = 1e-30;

// Gradients that are shorter or longer are scaled before they are squared, by a
// power of two, which rounds nothing: all of float32, 2⁻¹⁴⁹ to 2¹²⁸, has squares in
// its range then.
const SHORT = { below: 2 ** -50, scale: 2 ** 100 };
const LONG = { above: 2 ** 50, scale: 2 ** -66 };

const dot = (a: tf.Tensor, b: tf.Tensor) => tf.sum(tf.mul(a, b));

const dotTrees = (a: Params, b: Params) =>
  leavesOf<tf.Tensor>(zipTrees(dot, a, b))
    .map(([, product]) => product)
    .reduce((sum, product) => tf.add(sum, product));

const norm = (x: Params) => tf.sqrt(dotTrees(x, x));

/**
 * Removes from the gradient g its component along the weights w, the direction
 * of naïve loss minimisation:
 *
 *     g′ = g − (w·g)/(w·w + 1e-30) · w
 *     g″ = g′ · ‖g‖/‖g′‖        with `renormalise`; 0 where g′ is 0
 *
 * It stands first in a chain, before any optimizer: `chain(perpGrad(), adamw())`.
 *
 * Where g is parallel to w but for rounding, g′ is nothing but rounding errors,
 * and g″ is these at the full length of g, in a direction that means nothing: as
 * in the paper's code. Without `renormalise` they stay as small as they are.
 *
 * A gradient that is very short or very long is scaled by a power of two first,
 * since its squares would leave float32's range. (The paper's code does not, and
 * adds 1e-30 to ‖g′‖: in float32 it makes 0 of gradients of 1e-25, and NaN of those
 * of 1e20.)
 *
 * Source: Prieto et al. (arXiv 2501.04697), Eq. 11–12, and its code.
 *
 * @param options What counts as one vector, and renormalisation.
 * @throws {UsageError} if an option is unknown, or is not what it must be.
 */
export function perpGrad(
  options: PerpGradOptions = {},
): GradientTransformation {
  checkOptions("perpGrad()", options, PERP_GRAD);
  const { scope = "tensor", renormalise = true, joint = [] } = options;
  return stateless((gradients, params) => {
    if (scope === "global") {
      return perpendicular(gradients, params, renormalise);
    }
    const weights = new Map(leavesOf<tf.Tensor>(params));
    const made = new Map<string, tf.Tensor>();
    for (const group of vectorsOf(leavesOf<tf.Tensor>(gradients), joint)) {
      const own = group.map(([path]) => [path, weights.get(path)!] as const);
      const left = perpendicular(treeOf(group), treeOf(own), renormalise);
      for (const [path, leaf] of leavesOf<tf.Tensor>(left)) {
        made.set(path, leaf);
      }
    }
    return mapTree<tf.Tensor, tf.Tensor, Params>(
      gradients,
      (_, path) => made.get(path)!,
    ) as Params;
  });
}

// Leaves that are one vector: each by itself but for those that are joint.
function vectorsOf(
  leaves: readonly [path: string, leaf: tf.Tensor][],
  joint: readonly (readonly string[])[],
): [path: string, leaf: tf.Tensor][][] {
  const groups = Map.groupBy(leaves, ([path]) => {
    const at = path.lastIndexOf(".") + 1;
    const own = joint.findIndex((names) => names.includes(path.slice(at)));
    return own < 0 ? path : `${path.slice(0, at)}*${own}`;
  });
  return [...groups.values()];
}

function perpendicular(
  gradients: Params,
  w: Params,
  renormalise: boolean,
): Params {
  const { x: g, scale } = inRange(gradients);
  const share = tf.div(dotTrees(w, g), tf.add(dotTrees(w, w), scalar(TINY)));
  const left = zipTrees((g, w) => tf.sub(g, tf.mul(share, w)), g, w);
  const factor = renormalise ? tf.divNoNan(norm(g), norm(left)) : scalar(1);
  const back = tf.div(factor, scale);
  return zipTrees((x) => tf.mul(x, back), left);
}

// A vector, times a power of two where its squares would be too small or too
// large, and that power.
function inRange(x: Params): { x: Params; scale: tf.Tensor } {
  const squares = dotTrees(x, x);
  const scale = tf.where(
    tf.less(squares, scalar(SHORT.below ** 2)),
    scalar(SHORT.scale),
    tf.where(
      tf.greater(squares, scalar(LONG.above ** 2)),
      scalar(LONG.scale),
      scalar(1),
    ),
  );
  const own = castLike(scale, squares);
  return { x: zipTrees((x) => tf.mul(x, own), x), scale: own };
}

/** ⊥Grad's settings. */
export type PerpGradSettings = {
  readonly perpGrad: Setting<boolean>;
  readonly perpAt: Setting<"gradient" | "update">;
  readonly perpScope: Setting<"tensor" | "global">;
  readonly perpRenormalise: Setting<boolean>;
  readonly perpProjections: Setting<"joint" | "apart" | null>;
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
  perpProjections: nullable(choice(
    ["joint", "apart"],
    "apart",
    "<how>",
    "⊥Grad per tensor: Q, K and V of an attention joint, as one tensor, or " +
      "apart (default: apart; joint in the encoder)",
  )),
};

/** ⊥Grad as a config describes it. */
export function perpGradOf(
  { perpScope: scope, perpRenormalise: renormalise, perpProjections }: Values<
    PerpGradSettings
  >,
): GradientTransformation {
  const joint = perpProjections === "joint" ? PROJECTIONS : [];
  return perpGrad({ scope, renormalise, joint });
}

// As PyTorch's nn.MultiheadAttention holds them: in_proj_weight, in_proj_bias.
const PROJECTIONS = [["W_Q", "W_K", "W_V"], ["b_Q", "b_K", "b_V"]] as const;

/** ⊥Grad of the gradient as a config names it; that of updates is in descent.ts. */
export const perpGradStage: StageDefinition<PerpGradSettings> = defineStage({
  summary: "⊥Grad",
  settings: perpGradSettings,
  by: "perpGrad",
  isOn: ({ perpGrad, perpAt }) => perpGrad && perpAt === "gradient",
  place: "gradient",
  make: perpGradOf,
  // Of the models only those with attention read it.
  idle: () => ["perpProjections"],
});
