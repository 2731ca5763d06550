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

/** An optimizer definition, typed by its settings. */
export function defineOptimizer<const S extends Settings>(
  definition: OptimizerDefinition<S>,
): OptimizerDefinition<S> {
  return definition;
}

/** A stage definition, typed by its settings. */
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
