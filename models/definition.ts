/**
 * What a config says about an architecture.
 *
 * @module
 */

import type { Component, Settings, Values } from "../lib/settings/setting.ts";
import type { Form } from "../lib/data/definition.ts";
import type { Model } from "./model.ts";

/** An architecture: a model from a config and the form of a task's rows. */
export interface ModelDefinition<S extends Settings = Settings>
  extends Component<S> {
  /**
   * Why the model cannot read such rows, in the words that follow its name;
   * undefined where it can.
   */
  refuses?(form: Form, config: Values<S>): string | undefined;
  /** What the model takes of a dataset's row; by default the row. */
  read?(row: readonly number[], form: Form): readonly number[];
  /** The model. */
  make(form: Form, config: Values<S>): Model;
  /**
   * Whether Q, K and V of its attention are one tensor where the model comes
   * from: what ⊥Grad takes them for if a config does not say; by default apart.
   */
  readonly projections?: "joint" | "apart";
  /** One line on its sizes: "MLP 200–200". */
  describe(config: Values<S>): string;
}

/** A model definition, typed by its settings. */
export function defineModel<const S extends Settings>(
  definition: ModelDefinition<S>,
): ModelDefinition<S> {
  return definition;
}
