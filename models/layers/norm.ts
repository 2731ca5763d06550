/**
 * LayerNorm, and the parameters of every norm.
 *
 * @module
 */

import * as tf from "../../lib/base/tfjs.ts";
import { scalar } from "../../lib/trace/precision.ts";
import type { Parameters } from "../init.ts";
import type { Hook } from "../model.ts";

/** What a norm multiplies with and adds, each [width]. */
export type NormParams<Leaf = tf.Tensor> = {
  readonly w: Leaf;
  readonly b: Leaf;
};

/** PyTorch's and TransformerLens's, added to the variance. */
const EPSILON = 1e-5;

/**
 * (x − mean)/√(variance + 10⁻⁵) · w + b over the last axis, the variance being
 * the mean square.
 *
 * Hooks: `hook_scale`, […, 1], the root; `hook_normalized`, of the shape of x, the
 * result.
 *
 * Source: Ba et al. (arXiv 1607.06450), Eq. 4.
 *
 * @param x […, width].
 * @param params w and b.
 * @param hook Marks the activations.
 */
export function layerNorm<T extends tf.Tensor>(
  x: T,
  { w, b }: NormParams,
  hook: Hook,
): T {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const variance = tf.mean(tf.square(centred), -1, true);
  const scale = hook(
    "hook_scale",
    tf.sqrt(tf.add(variance, scalar(EPSILON))),
  );
  return hook(
    "hook_normalized",
    tf.add(tf.mul(tf.div(centred, scale), w), b) as T,
  );
}

/**
 * The parameters of a norm of vectors of a width.
 *
 * @param path What stands before the parameters' names.
 * @param width How many numbers a vector has.
 */
export function normParameters(path: string, width: number): Parameters {
  const vector = { shape: [width], fanIn: width, fanOut: width } as const;
  return {
    [`${path}.w`]: { ...vector, kind: "gain" },
    [`${path}.b`]: { ...vector, kind: "shift" },
  };
}
