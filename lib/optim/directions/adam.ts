/**
 * Adam's rescaling of gradients.
 *
 * @module
 */

import { checkOptions, type Checks, number } from "../../base/options.ts";
import * as tf from "../../base/tfjs.ts";
import { scalar } from "../../trace/precision.ts";
import {
  ema,
  type GradientTransformation,
  newCount,
  type Params,
  zerosLike,
  zipTrees,
} from "../transform.ts";

/** Adam's constants. */
export interface AdamOptions {
  /** Decay of the first moment. */
  readonly beta1: number;
  /** Decay of the second moment. */
  readonly beta2: number;
  /** Added to the root of the second moment. */
  readonly eps: number;
}

/** Those, checked. */
export const ADAM: Checks<AdamOptions> = {
  beta1: number,
  beta2: number,
  eps: number,
};

/** Number of updates so far ([]), first and second moments. */
export type AdamState = {
  readonly count: tf.Tensor;
  readonly mu: Params;
  readonly nu: Params;
};

/**
 * Divides gradients by the root of their second moment:
 *
 *     m ← β₁m + (1 − β₁)g        v ← β₂v + (1 − β₂)g²
 *     u = m̂ / (√v̂ + ε)          m̂ = m/(1 − β₁ᵗ),  v̂ = v/(1 − β₂ᵗ)
 *
 * computed as r·m / (√v + √c₂·ε) with c₂ = 1 − β₂ᵗ and r = √c₂/(1 − β₁ᵗ), which
 * is the same in fewer passes over the parameters.
 *
 * Source: Kingma & Ba (arXiv 1412.6980), Algorithm 1 and the end of Section 2.
 *
 * @param options β₁, β₂, ε.
 * @throws {UsageError} if an option is unknown, or is not what it must be.
 */
export function scaleByAdam(
  options: AdamOptions,
): GradientTransformation<AdamState> {
  checkOptions("scaleByAdam()", options, ADAM, ["beta1", "beta2", "eps"]);
  const { beta1, beta2, eps } = options;
  return {
    init: (params) => ({
      count: newCount(params),
      mu: zerosLike(params),
      nu: zerosLike(params),
    }),
    update(gradients, state) {
      const count = tf.add(state.count, scalar(1));
      const mu = zipTrees((m, g) => ema(beta1, m, g), state.mu, gradients);
      const nu = zipTrees(
        (v, g) => ema(beta2, v, tf.square(g)),
        state.nu,
        gradients,
      );
      const [c1, c2] = [correction(beta1, count), correction(beta2, count)];
      const root = tf.sqrt(c2);
      const [rate, floor] = [tf.div(root, c1), tf.mul(root, scalar(eps))];
      const updates = zipTrees(
        (m, v) => tf.mul(rate, tf.div(m, tf.add(tf.sqrt(v), floor))),
        mu,
        nu,
      );
      return [updates, { count, mu, nu }];
    },
  };
}

// 1 − βᵗ, as −(e^(t ln β) − 1): in float32 the plain difference would lose half
// of its digits at β = 0.999. Where β is 0 the moment needs no correction.
function correction(beta: number, count: tf.Tensor): tf.Tensor {
  if (beta === 0) return scalar(1);
  return tf.neg(tf.expm1(tf.mul(scalar(Math.log(beta)), count)));
}
