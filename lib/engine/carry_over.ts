/**
 * Taking a training's state into another config: at a switch, and at the start
 * from a checkpoint.
 *
 * @module
 */

import { type HostState, under } from "../../models/buffers.ts";
import { mapTree, type Tree } from "../base/tree.ts";
import { type Config, definitionsOf } from "../config/config.ts";
import {
  type Experiment,
  lossOf,
  optimizerOf,
  optimizerPrefixes,
} from "../experiment/experiment.ts";
import { type HostTensor, toNumbers, toTyped } from "../numeric/tensor.ts";
import { initialState } from "./state.ts";

function castTo(
  tensor: HostTensor,
  { dtype }: Pick<HostTensor, "dtype">,
): HostTensor {
  if (tensor.dtype === dtype) return tensor;
  return {
    dtype,
    shape: tensor.shape,
    data: toTyped(dtype, toNumbers(tensor)),
  };
}

/**
 * The same experiment with another loss, precision or optimizer.
 *
 * @param experiment What shares data and architecture.
 * @param config The config, different in what may change on the way.
 */
export function withConfig(experiment: Experiment, config: Config): Experiment {
  if (config === experiment.config) return experiment;
  const definitions = definitionsOf(config);
  const params = mapTree<HostTensor, HostTensor, Tree<HostTensor>>(
    experiment.params,
    (leaf) => castTo(leaf, { dtype: config.precision }),
  ) as Tree<HostTensor>;
  return {
    ...experiment,
    config,
    definitions,
    loss: lossOf(config, definitions),
    optimizer: optimizerOf(config, {}, definitions),
    params,
  };
}

/**
 * A state as another config's: weights are cast to its precision. Of the
 * optimizer each part, a stage or the optimizer itself, goes on with the state
 * that the part of the same name had, if that is a tree of the same tensors; if
 * not it starts afresh.
 *
 * @param state Parameters and optimizer state.
 * @param before The config that it was trained with.
 * @param next What it shall be trained with.
 */
export async function carryOver(
  state: HostState,
  before: Config,
  next: Experiment,
): Promise<HostState> {
  const fresh = await initialState(next, next.config.runtime);
  const carried: Record<string, HostTensor> = { ...fresh };
  const prefixes = optimizerPrefixes(before);
  const parts = [
    ["params.", "params."],
    ["buffers.", "buffers."],
    ...[...optimizerPrefixes(next.config)].map(([name, to]) => {
      const from = prefixes.get(name);
      return [
        from === undefined ? undefined : `optimizer.${from}`,
        `optimizer.${to}`,
      ];
    }),
  ];
  for (const [from, to] of parts) {
    if (from === undefined) continue;
    const [old, own] = [under(state, from), under(fresh, to!)];
    if (!sameTree(old, own)) continue;
    for (const [path, leaf] of Object.entries(own)) {
      carried[to + path] = castTo(old[path]!, leaf);
    }
  }
  return carried;
}

function sameTree(a: HostState, b: HostState): boolean {
  const shapes = (state: HostState) =>
    JSON.stringify(
      Object.entries(state).map(([path, { shape }]) => [path, shape]).sort(),
    );
  return shapes(a) === shapes(b);
}
