/**
 * Optimizers as composable gradient transformations: pairs of pure functions,
 * after Optax.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import { castLike, scalar } from "../trace/precision.ts";
import { leavesOf, mapTree, type Tree } from "../base/tree.ts";

/** Parameters, gradients or updates: tensors by name. */
export type Params = Tree<tf.Tensor>;

/**
 * One stage of an optimizer. Both functions are pure; states are trees of
 * tensors, so that they can be traced, saved and loaded.
 */
export interface GradientTransformation<State extends Params = Params> {
  /** The state before the first update; only the parameters' shapes matter. */
  init(params: Params): State;
  /**
   * Transforms updates.
   *
   * @param updates Gradients, or what the stages before made of them.
   * @param state The stage's state.
   * @param params The parameters that the gradients were taken at.
   * @returns The new updates and the new state.
   */
  update(
    updates: Params,
    state: State,
    params: Params,
  ): [updates: Params, state: State];
}

/** The states of chained stages, by position. */
export type ChainState = { readonly [stage: string]: Params };

/**
 * Applies stages one after the other.
 *
 * ```ts
 * import { chain, perpGrad } from "@groklab/groklab";
 * import { hostTensorOf, runTraced } from "@groklab/groklab/onnx";
 * import { scaleByLearningRate } from "@groklab/groklab/optim";
 * import { assertEquals } from "@std/assert";
 *
 * // ⊥Grad, then −lr·g.
 * const optimizer = chain(
 *   perpGrad({ renormalise: false }),
 *   scaleByLearningRate(0.5),
 * );
 * const { updates } = await runTraced(({ g, w }) => {
 *   const [step] = optimizer.update({ w: g }, optimizer.init({ w }), { w });
 *   return { updates: step["w"]! };
 * }, {
 *   g: hostTensorOf("float64", [2], [3, 4]),
 *   w: hostTensorOf("float64", [2], [2, 0]),
 * });
 * assertEquals(updates!.data[1], -2); // and none along w
 * ```
 *
 * @param stages The stages, first to last.
 */
export function chain(
  ...stages: readonly GradientTransformation[]
): GradientTransformation<ChainState> {
  return {
    init: (params) =>
      Object.fromEntries(stages.map((stage, i) => [i, stage.init(params)])),
    update(updates, state, params) {
      const next: Record<string, Params> = {};
      stages.forEach((stage, i) => {
        // A state without tensors leaves no trace in a file.
        [updates, next[i]] = stage.update(updates, state[i] ?? {}, params);
      });
      return [updates, next];
    },
  };
}

/**
 * A stage without state.
 *
 * @param update What becomes of the updates: of them and of the parameters.
 */
export function stateless(
  update: (updates: Params, params: Params) => Params,
): GradientTransformation {
  return {
    init: () => ({}),
    update: (updates, state, params) => [update(updates, params), state],
  };
}

/**
 * Combines trees of the same structure leaf by leaf.
 *
 * @param f Of the leaves at one path; what it gives stands there.
 * @param first The first tree.
 * @param others Trees of the same structure.
 */
export function zipTrees(
  f: (...leaves: tf.Tensor[]) => tf.Tensor,
  first: Params,
  ...others: readonly Params[]
): Params {
  const at = (tree: Params, path: string) =>
    path.split(".").reduce<Params | tf.Tensor>(
      (node, key) => (node as Params)[key]!,
      tree,
    ) as tf.Tensor;
  return mapTree<tf.Tensor, tf.Tensor, Params>(
    first,
    (leaf, path) => f(leaf, ...others.map((tree) => at(tree, path))),
  ) as Params;
}

/**
 * A step of an exponential moving average: βm + (1 − β)x.
 *
 * @param beta β, in [0, 1).
 * @param m The average so far, of any shape.
 * @param x What comes in, of the same shape.
 */
export function ema(beta: number, m: tf.Tensor, x: tf.Tensor): tf.Tensor {
  return tf.add(tf.mul(scalar(beta), m), tf.mul(scalar(1 - beta), x));
}

/** A tree of zeros of the same shapes. */
export function zerosLike(params: Params): Params {
  return zipTrees((p) => tf.zerosLike(p), params);
}

/** A count of updates, [], 0 so far, in the parameters' own type. */
export function newCount(params: Params): tf.Tensor {
  const [first] = leavesOf<tf.Tensor>(params);
  return castLike(scalar(0), first![1]);
}

/**
 * θ + updates.
 *
 * @param params θ.
 * @param updates Of the same structure and shapes.
 */
export function applyUpdates(params: Params, updates: Params): Params {
  return zipTrees((p, u) => tf.add(p, u), params, updates);
}
