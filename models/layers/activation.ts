/**
 * What a perceptron's hidden layers make of their products.
 *
 * @module
 */

import * as tf from "../../lib/base/tfjs.ts";
import { choice, ifNamed, type Setting } from "../../lib/settings/setting.ts";

/** What a hidden layer makes of its product: with the identity, a linear network. */
export type Activation = "relu" | "identity";

/** The names of activations. */
export const activations: readonly Activation[] = ["relu", "identity"];

/** The activation of a perceptron; undefined for relu. */
export const activation: Setting<Activation | undefined> = ifNamed(choice(
  activations,
  "relu",
  "<name>",
  "MLP: of hidden layers, relu or identity, a deep linear network (default: " +
    "relu)",
));

/** Applies an activation, element by element. */
export function activated<T extends tf.Tensor>(
  x: T,
  name: Activation = "relu",
): T {
  // The identity's is a value of its own, so that it has its hook's name.
  return name === "identity" ? tf.clone(x) : tf.relu(x);
}
