/**
 * Grokfast: amplifying the slow part of the gradient.
 *
 * @module
 */

import * as tf from "../../base/tfjs.ts";
import {
  choice,
  decay,
  integer,
  notNegative,
  nullable,
  type Setting,
} from "../../settings/setting.ts";
import { checkOptions, number, whole } from "../../base/options.ts";
import { castLike, scalar } from "../../trace/precision.ts";
import { defineStage, type StageDefinition } from "../definition.ts";
import {
  type GradientTransformation,
  newCount,
  type Params,
  zerosLike,
  zipTrees,
} from "../transform.ts";

/**
 * Adds the gradient's exponential moving average to it, the first gradient being
 * its start:
 *
 *     h ← αh + (1 − α)g        u = g + λh
 *
 * Source: Lee et al. (arXiv 2405.20233), Algorithm 2 (Grokfast-EMA), and its
 * code.
 *
 * @param options α and λ.
 * @throws {UsageError} if an option is unknown, or is not what it must be.
 */
export function grokfastEma(
  options: { readonly alpha?: number; readonly lambda?: number } = {},
): GradientTransformation {
  checkOptions("grokfastEma()", options, { alpha: number, lambda: number });
  const { alpha = 0.98, lambda = 2 } = options;
  return {
    init: (params) => ({ count: newCount(params), mean: zerosLike(params) }),
    update(gradients, state) {
      const { count, mean } = state as { count: tf.Tensor; mean: Params };
      // 0 in the first update.
      const keep = tf.mul(scalar(alpha), tf.minimum(count, scalar(1)));
      const next = zipTrees(
        (h, g) => tf.add(tf.mul(keep, h), tf.mul(tf.sub(scalar(1), keep), g)),
        mean,
        gradients,
      );
      return [
        amplified(gradients, next, scalar(lambda)),
        { count: tf.add(count, scalar(1)), mean: next },
      ];
    },
  };
}

/**
 * Adds the mean of the last gradients to the gradient: u = g + λ·mean(window),
 * once there are as many as the window holds; until then u = g.
 *
 * The state has all gradients of the window: at the default size (107,800
 * parameters in float32) the window of 100 takes 43 MB, ten times over while it
 * trains, and as much in every file of the optimizer's state. They are added
 * up anew in every step: of a running sum, what early, large gradients were
 * rounded by would outlast them.
 *
 * Source: Lee et al. (arXiv 2405.20233), Algorithm 1 (Grokfast-MA), and its
 * code.
 *
 * @param options How many gradients the window holds, and λ.
 * @throws {UsageError} if an option is unknown, or is not what it must be.
 */
export function grokfastMa(
  options: { readonly window?: number; readonly lambda?: number } = {},
): GradientTransformation {
  checkOptions("grokfastMa()", options, { window: whole(2), lambda: number });
  const { window: size = 100, lambda = 5 } = options;
  return {
    init: (params) => ({
      count: newCount(params),
      window: zipTrees(
        (p) => castLike(tf.fill([size, ...p.shape], 0), p),
        params,
      ),
    }),
    update(gradients, state) {
      const { window } = state as { window: Params };
      const count = tf.add(state["count"] as tf.Tensor, scalar(1));
      // The oldest goes, the newest comes last.
      const next = zipTrees(
        (past, g) => {
          const rest = g.shape.map(() => 0);
          const kept = tf.slice(past, [1, ...rest], [size - 1, ...g.shape]);
          return tf.concat([kept, tf.expandDims(g, 0)], 0);
        },
        window,
        gradients,
      );
      const full = tf.cast(tf.greaterEqual(count, scalar(size)), "float32");
      const means = zipTrees((past) => tf.mean(past, 0), next);
      return [
        amplified(gradients, means, tf.mul(scalar(lambda), full)),
        { count, window: next },
      ];
    },
  };
}

const amplified = (gradients: Params, slow: Params, lambda: tf.Tensor) =>
  zipTrees((g, h) => tf.add(g, tf.mul(lambda, h)), gradients, slow);

/** What both filters read. */
export type GrokfastSettings = {
  readonly grokfast: Setting<"none" | "ema" | "ma">;
  readonly grokfastLambda: Setting<number | null>;
};

const settings: GrokfastSettings = {
  grokfast: choice(
    ["none", "ema", "ma"],
    "none",
    "<name>",
    "amplify the gradient's slow part: none, ema or ma (moving averages)",
  ),
  grokfastLambda: nullable(
    notNegative(2, "<λ>", "Grokfast: how much of it (default: ema 2, ma 5)"),
  ),
};

// Left out, a filter's own default holds.
const given = (lambda: number | null) => lambda === null ? {} : { lambda };

/** Grokfast-EMA as a config names it. */
export const grokfastEmaStage: StageDefinition<
  GrokfastSettings & { readonly grokfastAlpha: Setting<number> }
> = defineStage({
  summary: "Grokfast by an exponential moving average",
  settings: {
    ...settings,
    grokfastAlpha: decay(0.98, "<α>", "Grokfast ema: decay of the average"),
  },
  by: "grokfast",
  isOn: ({ grokfast }) => grokfast === "ema",
  place: "gradient",
  make: ({ grokfastAlpha: alpha, grokfastLambda }) =>
    grokfastEma({ alpha, ...given(grokfastLambda) }),
});

/** Grokfast-MA as a config names it. */
export const grokfastMaStage: StageDefinition<
  GrokfastSettings & { readonly grokfastWindow: Setting<number> }
> = defineStage({
  summary: "Grokfast by a moving average",
  settings: {
    ...settings,
    grokfastWindow: integer(
      [2, 1000],
      100,
      "<n>",
      "Grokfast ma: how many gradients the average is of, all kept",
    ),
  },
  by: "grokfast",
  isOn: ({ grokfast }) => grokfast === "ma",
  place: "gradient",
  make: ({ grokfastWindow: window, grokfastLambda }) =>
    grokfastMa({ window, ...given(grokfastLambda) }),
});
