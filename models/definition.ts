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
   * Whether the model asks its {@link Mode} for masks in training; by default it may.
   */
  draws?(config: Values<S>): boolean;
  /**
   * Whether Q, K and V of its attention are one tensor where the model comes
   * from: what ⊥Grad takes them for if a config does not say; by default apart.
   */
  readonly projections?: "joint" | "apart";
  /** One line on its sizes: "MLP 200–200". */
  describe(config: Values<S>): string;
}

/**
 * A model definition, typed by its settings.
 *
 * ```ts
 * import { castLike, defineModel } from "@groklab/groklab";
 * import { initialiser, linear, tokensOf } from "@groklab/groklab/models";
 * import { assertEquals } from "@std/assert";
 * import * as tf from "@tensorflow/tfjs-core";
 *
 * // One matrix on one-hot rows: the logits are a sum of two tables' rows.
 * const tables = defineModel({
 *   summary: "a table of logits for each token",
 *   settings: {},
 *   refuses: ({ input }) =>
 *     input.kind === "tokens" ? undefined : "must be given tokens",
 *   make({ input, classes }) {
 *     const { vocabulary, length } = tokensOf(input);
 *     const width = vocabulary * length;
 *     const draw = initialiser({
 *       W: {
 *         shape: [width, classes],
 *         kind: "weight",
 *         fanIn: width,
 *         fanOut: classes,
 *       },
 *     }, "pytorch");
 *     return {
 *       input: "tokens",
 *       row: { dtype: "int32", shape: [length] },
 *       init: draw,
 *       apply({ W }, tokens, hook) {
 *         const ones = tf.cast(tf.oneHot(tokens, vocabulary), "float32");
 *         const rows = hook("hook_rows", tf.reshape(ones, [-1, width]));
 *         return linear(
 *           castLike(rows, W as tf.Tensor),
 *           W as tf.Tensor,
 *         ) as tf.Tensor2D;
 *       },
 *     };
 *   },
 *   describe: () => "two tables",
 * });
 * assertEquals(tables.describe({}), "two tables");
 * ```
 *
 * @param definition The definition, which is given back.
 */
export function defineModel<const S extends Settings>(
  definition: ModelDefinition<S>,
): ModelDefinition<S> {
  return definition;
}
