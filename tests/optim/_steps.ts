/**
 * Several updates of an optimizer on given gradients, traced as one graph.
 *
 * @module
 */

import type * as tf from "@tensorflow/tfjs-core";
import type { HostTensor } from "../../lib/numeric/tensor.ts";
import {
  applyUpdates,
  type GradientTransformation,
  type Params,
} from "../../lib/optim/mod.ts";
import { runTraced } from "../../lib/onnx/runtime/compile.ts";
import { type Tree, treeOf } from "../../lib/base/tree.ts";

/** What each update made: updates, and parameters and state after it, by path. */
export interface Taken {
  readonly updates: readonly Record<string, HostTensor>[];
  readonly params: readonly Record<string, HostTensor>[];
  readonly state: Record<string, HostTensor>;
}

/**
 * Makes one update for each tree of gradients.
 *
 * @param optimizer The transformation.
 * @param params The parameters before the first.
 * @param gradients The gradients, a tree like the parameters for each update.
 * @param state Where to go on from, if not from the start.
 */
export async function take(
  optimizer: GradientTransformation,
  params: Tree<HostTensor>,
  gradients: readonly Tree<HostTensor>[],
  state?: Record<string, HostTensor>,
): Promise<Taken> {
  const made = await runTraced(
    ({ w, g, given }) => {
      let params = w as Params;
      let state = (given as Params | undefined) ?? optimizer.init(params);
      const result: Record<string, Tree<tf.Tensor>> = {};
      gradients.forEach((_, t) => {
        const own = (g as Record<string, Params>)[t]!;
        const [updates, next] = optimizer.update(own, state, params);
        params = applyUpdates(params, updates);
        state = next;
        result[`updates-${t}`] = updates;
        result[`params-${t}`] = params;
      });
      return { ...result, state };
    },
    {
      w: params,
      g: Object.fromEntries(gradients.map((g, t) => [t, g])),
      ...(state && { given: treeOf(Object.entries(state)) }),
    } as Record<string, Tree<HostTensor>>,
  );
  const under = (prefix: string) =>
    Object.fromEntries(
      Object.entries(made).filter(([path]) => path.startsWith(`${prefix}.`))
        .map(([path, x]) => [path.slice(prefix.length + 1), x]),
    );
  return {
    updates: gradients.map((_, t) => under(`updates-${t}`)),
    params: gradients.map((_, t) => under(`params-${t}`)),
    state: under("state"),
  };
}
