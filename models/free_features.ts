/**
 * Free features: the unconstrained features model.
 *
 * @module
 */

import * as tf from "../lib/base/tfjs.ts";
import type { Form } from "../lib/data/definition.ts";
import { ifNamed, integer, type Setting } from "../lib/settings/setting.ts";
import { defineModel, type ModelDefinition } from "./definition.ts";
import {
  initialiser,
  type InitName,
  type Parameters,
  shapesOf,
} from "./init.ts";
import { embed, type Model } from "./model.ts";
import { type InitSettings, initSettings, tokensOf } from "./settings.ts";

/** H is [rows, width], a row of features a train row; W is [width, classes]. */
export type FreeFeaturesParams<Leaf = tf.Tensor> = {
  readonly H: Leaf;
  readonly W: Leaf;
};

/** What free features can be told. */
export interface FreeFeaturesOptions {
  /** How many rows there are. */
  readonly rows: number;
  /** Numbers in a row's features. */
  readonly width: number;
  /** How many logits. */
  readonly classes: number;
  /** What the parameters start as; by default PyTorch's. */
  readonly init?: InitName;
  /** What all initial parameters are multiplied with; by default 1. */
  readonly initScale?: number;
}

/**
 * The features of each train row are parameters of their own, as if what comes
 * before the last layer could make any: logits = Wᵀ h_i, without a bias. Of a row
 * that was not trained on there are none. H starts as N(0, 1), W as U(±1/√width).
 *
 * Hook: `hook_features`, [batch, width].
 *
 * Sources: Mixon, Parshall & Pi (arXiv 2011.11619); Dang et al. (arXiv 2301.00437),
 * Section 3, and Tirer et al. (arXiv 2210.16658).
 */
export function freeFeatures(
  { rows, width, classes, init = "pytorch", initScale }: FreeFeaturesOptions,
): Model<FreeFeaturesParams> {
  const parameters: Parameters = {
    H: { kind: "embedding", shape: [rows, width], fanIn: width, fanOut: rows },
    W: {
      kind: "weight",
      shape: [width, classes],
      fanIn: width,
      fanOut: classes,
    },
  };
  return {
    input: "tokens",
    row: { dtype: "int64", shape: [1] },
    widest: Math.max(width, classes),
    shapes: shapesOf(parameters),
    init: initialiser(parameters, init, initScale),
    apply({ H, W }, tokens, hook) {
      const row = tf.reshape(tokens, [-1]) as tf.Tensor1D;
      const h = hook("hook_features", embed(H as tf.Tensor2D, row));
      return tf.matMul(h, W as tf.Tensor2D);
    },
  };
}

/** The settings of free features. */
export type FreeFeaturesSettings = InitSettings & {
  readonly featureWidth: Setting<number | undefined>;
};

const widthOf = (
  { classes }: Form,
  { featureWidth }: { readonly featureWidth?: number | undefined },
) => featureWidth ?? classes;

/** Free features as a config names them. */
export const freeFeaturesModel: ModelDefinition<FreeFeaturesSettings> =
  defineModel({
    summary: "unconstrained features: trainable features of each train row",
    settings: {
      featureWidth: ifNamed(integer(
        [1, 65536],
        1,
        "<d>",
        "free features: numbers in a row's features (default: as many as " +
          "classes)",
      )),
      ...initSettings,
    },
    check: ({ init }) =>
      init === "nanda"
        ? "--init must be another than nanda with --model free-features, which " +
          "has no d_model to scale by, got nanda"
        : undefined,
    draws: () => false,
    refuses: ({ input }) =>
      input.kind === "tokens" && input.length === 1
        ? undefined
        : "has features of its own for each row and reads the row's number, " +
          "which --task rows has",
    make: (form, config) =>
      freeFeatures({
        rows: tokensOf(form.input).vocabulary,
        width: widthOf(form, config),
        classes: form.classes,
        init: config.init ?? "pytorch",
        initScale: config.initScale,
      }),
    describe: ({ featureWidth }) =>
      featureWidth === undefined
        ? "free features"
        : `free features of width ${featureWidth}`,
  });
