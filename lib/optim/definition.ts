/**
 * What a config says about optimizers and the stages around them.
 *
 * @module
 */

import type { Component, Settings, Values } from "../settings/setting.ts";
import type { Rate } from "./scaling.ts";
import type { GradientTransformation } from "./transform.ts";

/** Values of settings, of which the rates may be what a graph is given. */
export type Rated<V> = {
  readonly [K in keyof V]: K extends "lr" | "weightDecay" ? Rate : V[K];
};

/** An optimizer as a config names it. */
export interface OptimizerDefinition<S extends Settings = Settings>
  extends Component<S> {
  /** The optimizer with its constants. */
  make(config: Rated<Values<S>>): GradientTransformation;
}

/** A stage that a config puts before or after its optimizer. */
export interface StageDefinition<S extends Settings = Settings>
  extends Component<S> {
  /** The key that switches it on: any value but false, null, 0 and "none". */
  readonly by: keyof S & string;
  /** Where not every such value does: whether these do. */
  isOn?(config: Values<S>): boolean;
  /**
   * Where it stands: `gradient`, before the optimizer, in the registry's order;
   * `update`, behind it.
   */
  readonly place: "gradient" | "update";
  /** The stage with its constants. */
  make(config: Values<S>): GradientTransformation;
}

/**
 * An optimizer definition, typed by its settings.
 *
 * ```ts
 * import { chain, defineOptimizer } from "@groklab/groklab";
 * import {
 *   descentSettings,
 *   scaleByLearningRate,
 * } from "@groklab/groklab/optim";
 * import { assertEquals } from "@std/assert";
 *
 * // Plain gradient descent: −lr·g.
 * const plain = defineOptimizer({
 *   summary: "gradient descent",
 *   settings: { lr: descentSettings.lr },
 *   make: ({ lr }) => chain(scaleByLearningRate(lr)),
 * });
 * assertEquals(Object.keys(plain.settings), ["lr"]);
 * ```
 *
 * @param definition The definition, which is given back.
 */
export function defineOptimizer<const S extends Settings>(
  definition: OptimizerDefinition<S>,
): OptimizerDefinition<S> {
  return definition;
}

/**
 * A stage definition, typed by its settings.
 *
 * ```ts
 * import { defineStage, notNegative } from "@groklab/groklab";
 * import { stateless, zipTrees } from "@groklab/groklab/optim";
 * import { assertEquals } from "@std/assert";
 * import * as tf from "@tensorflow/tfjs-core";
 *
 * // Elements of the gradient that are smaller than a bound become 0.
 * const ignore = defineStage({
 *   summary: "leaves small gradients out",
 *   settings: {
 *     ignored: notNegative(0, "<g>", "largest element to leave out"),
 *   },
 *   by: "ignored", // 0 switches it off
 *   place: "gradient",
 *   make: ({ ignored }) =>
 *     stateless((gradients) =>
 *       zipTrees(
 *         (g) => tf.mul(g, tf.step(tf.sub(tf.abs(g), ignored))),
 *         gradients,
 *       )
 *     ),
 * });
 * assertEquals(ignore.place, "gradient");
 * ```
 *
 * @param definition The definition, which is given back.
 */
export function defineStage<const S extends Settings>(
  definition: StageDefinition<S>,
): StageDefinition<S> {
  return definition;
}

/** Whether a config has a stage switched on. */
export function isOn(
  { by, isOn }: Pick<StageDefinition, "by" | "isOn">,
  config: Readonly<Record<string, unknown>>,
): boolean {
  if (isOn) return isOn(config as Values<Settings>);
  const value = config[by];
  return value !== false && value !== null && value !== 0 && value !== "none";
}
