/**
 * Different transformations for different tensors.
 *
 * @module
 */

import type * as tf from "../base/tfjs.ts";
import { leavesOf, mapTree, treeOf } from "../base/tree.ts";
import type { GradientTransformation, Params } from "./transform.ts";

/**
 * Applies one transformation to the tensors that a predicate picks, another to
 * the others; each sees its own tensors only.
 *
 * ```ts
 * import { partition, scaleByAdam, scaleByMuon } from "@groklab/groklab/optim";
 * import { assertEquals } from "@std/assert";
 *
 * // Muon for matrices, Adam for the rest.
 * const optimizer = partition(
 *   (shape) => shape.length === 2,
 *   scaleByMuon({ beta1: 0.95, eps: 1e-7, muonScale: "original" }),
 *   scaleByAdam({ beta1: 0.9, beta2: 0.98, eps: 1e-8 }),
 * );
 * assertEquals(typeof optimizer.update, "function");
 * ```
 *
 * @param picks Which tensors the first one gets, by their shapes.
 * @param picked The first transformation.
 * @param others The second.
 */
export function partition(
  picks: (shape: readonly number[]) => boolean,
  picked: GradientTransformation,
  others: GradientTransformation,
): GradientTransformation {
  const parts = [
    ["picked", picked, picks],
    ["others", others, (shape: readonly number[]) => !picks(shape)],
  ] as const;
  // The leaves whose parameters a part takes; parameters and updates have the
  // same shapes.
  const of = (tree: Params, takes: (shape: readonly number[]) => boolean) =>
    leavesOf<tf.Tensor>(tree).filter(([, leaf]) => takes(leaf.shape));
  return {
    init: (params) =>
      Object.fromEntries(parts.flatMap(([name, { init }, takes]) => {
        const own = of(params, takes);
        return own.length > 0 ? [[name, init(treeOf(own))]] : [];
      })),
    update(updates, state, params) {
      const made = new Map<string, tf.Tensor>();
      const next: Record<string, Params> = {};
      for (const [name, { update }, takes] of parts) {
        const own = of(updates, takes);
        if (own.length === 0) continue;
        const [u, s] = update(
          treeOf(own),
          // A state without tensors leaves no trace in a file.
          (state[name] ?? {}) as Params,
          treeOf(of(params, takes)),
        );
        leavesOf<tf.Tensor>(u).forEach(([path, leaf]) => made.set(path, leaf));
        next[name] = s;
      }
      const whole = mapTree<tf.Tensor, tf.Tensor, Params>(
        updates,
        (_, path) => made.get(path)!,
      );
      return [whole as Params, next];
    },
  };
}
