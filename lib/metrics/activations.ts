/**
 * A model's activations by name.
 *
 * @module
 */

import type * as tf from "../base/tfjs.ts";
import type { Model } from "../../models/model.ts";
import type { Params } from "../optim/mod.ts";

/**
 * Runs a model and collects what its hooks mark, in their order.
 *
 * @param model The architecture.
 * @param params Its parameters.
 * @param inputs [n, …row].
 */
export function activationsOf(
  { apply }: Model,
  params: Params,
  inputs: tf.Tensor,
): ReadonlyMap<string, tf.Tensor> {
  const found = new Map<string, tf.Tensor>();
  apply(params, inputs, (name, activation) => {
    found.set(name, activation);
    return activation;
  });
  return found;
}
