/**
 * Lion.
 *
 * @module
 */

import * as tf from "../../base/tfjs.ts";
import { checkOptions, number } from "../../base/options.ts";
import type { OptimizerDefinition } from "../definition.ts";
import { defineDescent } from "../descent.ts";
import {
  type AdamSettings,
  adamSettings,
  type DescentSettings,
} from "../settings.ts";
import {
  ema,
  type GradientTransformation,
  type Params,
  zerosLike,
  zipTrees,
} from "../transform.ts";

/**
 * The signs of a momentum that looks ahead:
 *
 *     u = sign(β₁m + (1 − β₁)g)        m ← β₂m + (1 − β₂)g
 *
 * Source: Chen et al. (arXiv 2302.06675), Algorithm 2.
 *
 * @param options β₁ and β₂.
 * @throws {UsageError} if an option is unknown, or is not what it must be.
 */
export function scaleByLion(
  options: { readonly beta1: number; readonly beta2: number },
): GradientTransformation<{ readonly mu: Params }> {
  const checks = { beta1: number, beta2: number };
  checkOptions("scaleByLion()", options, checks, ["beta1", "beta2"]);
  const { beta1, beta2 } = options;
  return {
    init: (params) => ({ mu: zerosLike(params) }),
    update: (gradients, { mu }) => [
      zipTrees((m, g) => tf.sign(ema(beta1, m, g)), mu, gradients),
      { mu: zipTrees((m, g) => ema(beta2, m, g), mu, gradients) },
    ],
  };
}

/** Lion as a config names it. */
export const lion: OptimizerDefinition<
  DescentSettings & Pick<AdamSettings, "beta1" | "beta2">
> = defineDescent({
  summary: "Lion, by default with decoupled weight decay",
  settings: { beta1: adamSettings.beta1, beta2: adamSettings.beta2 },
  decay: "decoupled",
  direction: ({ beta1, beta2 }) => scaleByLion({ beta1, beta2 }),
});
