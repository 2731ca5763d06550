/**
 * A model's tensors: parameters, which the optimizer moves, and buffers, which
 * the forward pass in training updates.
 *
 * @module
 */

import { leavesOf, type Tree, treeOf } from "../lib/base/tree.ts";
import type { FloatDType, HostTensor } from "../lib/numeric/tensor.ts";
import type { Model } from "./model.ts";

/** A model with its initial parameters, and the precision of both. */
export interface Initialised {
  /** The architecture. */
  readonly model: Model;
  /** The initial parameters. */
  readonly params: Tree<HostTensor>;
  /** What the model is computed in. */
  readonly config: { readonly precision: FloatDType };
}

/** What the first step finds in the buffers; empty where the model has none. */
export function buffersOf(
  { model, config }: Pick<Initialised, "model" | "config">,
): Tree<HostTensor> {
  return model.buffers?.(config.precision) ?? {};
}

/** Parameters and buffers in one tree, as the forward pass takes them. */
export function withBuffers<Leaf>(
  params: Tree<Leaf>,
  buffers: Tree<Leaf> | undefined,
): Tree<Leaf> {
  const leaves = leavesOf<Leaf>(buffers ?? {});
  if (leaves.length === 0) return params;
  return treeOf([...leavesOf<Leaf>(params), ...leaves]);
}

/** The initial parameters and buffers by path. */
export function initialTensors(experiment: Initialised): HostState {
  const tree = withBuffers(experiment.params, buffersOf(experiment));
  return Object.fromEntries(leavesOf<HostTensor>(tree));
}

/** The part of a state that is a model's, by path. */
export function modelTensors(state: HostState): HostState {
  return { ...under(state, "params."), ...under(state, "buffers.") };
}

/** A model's tensors as parts of the state, parameters first. */
export function modelState(
  experiment: Initialised,
  tensors: HostState,
): HostState {
  const buffers = new Set(
    leavesOf<HostTensor>(buffersOf(experiment)).map(([path]) => path),
  );
  const part = (prefix: string, inBuffers: boolean) =>
    prefixed(
      prefix,
      Object.fromEntries(
        Object.entries(tensors)
          .filter(([path]) => buffers.has(path) === inBuffers),
      ),
    );
  return { ...part("params.", false), ...part("buffers.", true) };
}

/** The tensors whose paths begin so, under the rest of their paths. */
export function under(state: HostState, prefix: string): HostState {
  return Object.fromEntries(
    Object.entries(state).filter(([path]) => path.startsWith(prefix))
      .map(([path, tensor]) => [path.slice(prefix.length), tensor]),
  );
}

/** The tensors with something before their paths. */
export function prefixed(prefix: string, tensors: HostState): HostState {
  return Object.fromEntries(
    Object.entries(tensors).map(([path, tensor]) => [prefix + path, tensor]),
  );
}

/** Parameters (`params.…`) and optimizer state (`optimizer.…`) by path. */
export type HostState = Readonly<Record<string, HostTensor>>;
