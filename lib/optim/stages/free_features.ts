/**
 * What free features are held by: a weight decay of their own, and the distance from
 * those that they start as.
 *
 * @module
 */

import * as tf from "../../base/tfjs.ts";
import { ifNamed, notNegative, type Setting } from "../../settings/setting.ts";
import { castLike, scalar } from "../../trace/precision.ts";
import { leavesOf, mapTree } from "../../base/tree.ts";
import { defineStage, type StageDefinition } from "../definition.ts";
import {
  type GradientTransformation,
  newCount,
  type Params,
} from "../transform.ts";

/** What {@link holdFeatures} can be told. */
export interface FeatureHold {
  /** What is added to the weight decay of all parameters for H: λ_H − λ. */
  readonly decay: number;
  /** β of (β/2)‖H − H₀‖². */
  readonly distance: number;
}

/**
 * Adds the gradient of (λ_H − λ)/2·‖H‖² + β/2·‖H − H₀‖² to that of the parameter
 * `H`, H₀ being what it was before the first step; of the other parameters nothing
 * changes. With the optimizer's L2 regularisation λ of all parameters that of H is
 * λ_H, whose sum of the two is what is minimised.
 *
 * Source: Tirer et al. (arXiv 2210.16658), the distance from given features.
 */
export function holdFeatures(
  { decay, distance }: FeatureHold,
): GradientTransformation {
  const held = (params: Params) =>
    leavesOf<tf.Tensor>(params).find(([path]) => path === "H")?.[1];
  return {
    // Of states only shapes are known here; 0: there was no update yet.
    init(params): Params {
      const H = held(params);
      return H && distance > 0
        ? { start: tf.zerosLike(H), started: newCount(params) }
        : {};
    },
    update(gradients, state, params) {
      const H = held(params);
      if (H === undefined) return [gradients, state];
      const decayed = tf.mul(scalar(decay), H);
      const after = distance > 0 ? startOf(state, H) : undefined;
      const pull = after
        ? tf.add(decayed, tf.mul(scalar(distance), tf.sub(H, after.start)))
        : decayed;
      const next = mapTree<tf.Tensor, tf.Tensor, Params>(
        gradients,
        (g, path) => path === "H" ? tf.add(g, pull) : g,
      );
      return [next as Params, after ?? {}];
    },
  };
}

// H₀: H itself in the first update, and from then on what it was.
function startOf(state: Params, H: tf.Tensor): Readonly<
  Record<"start" | "started", tf.Tensor>
> {
  const { start, started } = state as Readonly<Record<string, tf.Tensor>>;
  const fresh = castLike(tf.sub(scalar(1), started!), H);
  return {
    start: tf.add(start!, tf.mul(fresh, tf.sub(H, start!))),
    started: tf.maximum(started!, scalar(1)),
  };
}

/** The stage's settings. */
export type FeatureHoldSettings = {
  readonly [key in "featureDecay" | "featureDistance"]: Setting<
    number | undefined
  >;
};

/** Both as a config names them. */
export const freeFeaturesStage: StageDefinition<FeatureHoldSettings> =
  defineStage({
    summary:
      "free features: their own decay, and distance from where they start",
    settings: {
      featureDecay: ifNamed(notNegative(
        0,
        "<λ>",
        "free features: L2 regularisation λ_H of the features (default: that " +
          "of all weights)",
      )),
      featureDistance: ifNamed(notNegative(
        0,
        "<β>",
        "free features: β of (β/2)‖H − H₀‖², the distance from those that " +
          "they start as",
      )),
    },
    by: "featureDecay",
    isOn: ({ featureDecay, featureDistance }) =>
      featureDecay !== undefined || featureDistance !== undefined,
    place: "gradient",
    check(config) {
      const { model, optimizer, weightDecayKind } = config as unknown as {
        readonly [key: string]: unknown;
      };
      const flag = config.featureDecay !== undefined
        ? `--feature-decay ${config.featureDecay}`
        : `--feature-distance ${config.featureDistance}`;
      if (model !== "free-features") {
        return `${flag} is of free features, which --model ${model} has not: ` +
          "use --model free-features";
      }
      const kind = weightDecayKind ??
        (["adamw", "lion", "muon"].includes(String(optimizer))
          ? "decoupled"
          : "l2");
      return config.featureDecay === undefined || kind === "l2"
        ? undefined
        : `${flag} is L2 regularisation, in place of that of all weights: use ` +
          "--weight-decay-kind l2";
    },
    make(config) {
      const { weightDecay = 0 } = config as unknown as {
        readonly weightDecay?: number;
      };
      return holdFeatures({
        decay: (config.featureDecay ?? weightDecay) - weightDecay,
        distance: config.featureDistance ?? 0,
      });
    },
  });
