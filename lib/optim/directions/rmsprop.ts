/**
 * RMSprop.
 *
 * @module
 */

import * as tf from "../../base/tfjs.ts";
import type { Setting } from "../../settings/setting.ts";
import { checkOptions, number } from "../../base/options.ts";
import { scalar } from "../../trace/precision.ts";
import type { OptimizerDefinition } from "../definition.ts";
import { defineDescent } from "../descent.ts";
import {
  type AdamSettings,
  adamSettings,
  type DescentSettings,
  momentum,
} from "../settings.ts";
import { scaleByMomentum } from "../scaling.ts";
import {
  chain,
  ema,
  type GradientTransformation,
  type Params,
  zerosLike,
  zipTrees,
} from "../transform.ts";

/**
 * Divides gradients by the root of their second moment: v ← βv + (1 − β)g²,
 * u = g/(√v + ε), v being 0 at first and not corrected for that.
 *
 * Source: Tieleman & Hinton (2012), Lecture 6.5; as PyTorch's RMSprop, which
 * calls β `alpha`.
 *
 * @param options β and ε.
 * @throws {UsageError} if an option is unknown, or is not what it must be.
 */
export function scaleByRmsprop(
  options: { readonly beta2: number; readonly eps: number },
): GradientTransformation<{ readonly nu: Params }> {
  const checks = { beta2: number, eps: number };
  checkOptions("scaleByRmsprop()", options, checks, ["beta2", "eps"]);
  const { beta2, eps } = options;
  return {
    init: (params) => ({ nu: zerosLike(params) }),
    update(gradients, state) {
      const nu = zipTrees(
        (v, g) => ema(beta2, v, tf.square(g)),
        state.nu,
        gradients,
      );
      const updates = zipTrees(
        (g, v) => tf.div(g, tf.add(tf.sqrt(v), scalar(eps))),
        gradients,
        nu,
      );
      return [updates, { nu }];
    },
  };
}

/** RMSprop as a config names it; momentum comes behind the division. */
export const rmsprop: OptimizerDefinition<
  & DescentSettings
  & Pick<AdamSettings, "beta2" | "eps">
  & { readonly momentum: Setting<number> }
> = defineDescent({
  summary: "RMSprop with momentum, by default with L2 regularisation",
  settings: {
    beta2: adamSettings.beta2,
    eps: adamSettings.eps,
    momentum,
  },
  decay: "l2",
  direction({ momentum, beta2, eps }) {
    const options = { beta2, eps };
    return momentum === 0
      ? scaleByRmsprop(options)
      : chain(scaleByRmsprop(options), scaleByMomentum(momentum));
  },
});
