/**
 * Taking a training's state into another config: at a switch, and at the start
 * from a checkpoint.
 *
 * @module
 */

import { type HostState, under } from "../../models/buffers.ts";
import { mapTree } from "../base/tree.ts";
import { type Config, definitionsOf } from "../config/config.ts";
import { configAt } from "../config/switches.ts";
import { sequenceKeys } from "../data/sequence.ts";
import {
  type Experiment,
  lossOf,
  optimizerOf,
  optimizerPrefixes,
} from "../experiment/experiment.ts";
import { splitOf } from "../experiment/split.ts";
import { type HostTensor, toDType } from "../numeric/tensor.ts";
import { initialState } from "./state.ts";

/**
 * The experiment in force at a step: with the loss, precision, optimizer and task
 * of the switches up to it.
 *
 * @param experiment A whole training's.
 * @param step Updates made before.
 */
export function inForceAt(experiment: Experiment, step: number): Experiment {
  const config = configAt(experiment.config, step);
  if (config === experiment.config) return experiment;
  const definitions = definitionsOf(config);
  const sameRows = sequenceKeys.every((key) =>
    config[key] === experiment.config[key]
  );
  return {
    ...experiment,
    config,
    ...(!sameRows && { split: splitOf(config) }),
    definitions,
    loss: lossOf(config, definitions),
    optimizer: optimizerOf(config, {}, definitions),
    params: mapTree(
      experiment.params,
      (leaf: HostTensor) => toDType(leaf, config.precision),
    ),
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
export async function transferState(
  state: HostState,
  before: Config,
  next: Experiment,
): Promise<HostState> {
  const fresh = await initialState(next, next.config.runtime);
  const transferred: Record<string, HostTensor> = { ...fresh };
  const stages = optimizerPrefixes(before);
  const parts = [["params.", "params."], ["buffers.", "buffers."]];
  for (const [name, to] of optimizerPrefixes(next.config)) {
    const from = stages.get(name);
    if (from === undefined) continue;
    parts.push([`optimizer.${from}`, `optimizer.${to}`]);
  }
  for (const [from, to] of parts) {
    const [old, own] = [under(state, from!), under(fresh, to!)];
    if (!sameTree(old, own)) continue;
    for (const [path, leaf] of Object.entries(own)) {
      transferred[to + path] = toDType(old[path]!, leaf.dtype);
    }
  }
  return transferred;
}

function sameTree(a: HostState, b: HostState): boolean {
  const shapes = (state: HostState) =>
    JSON.stringify(
      Object.entries(state).map(([path, { shape }]) => [path, shape]).sort(),
    );
  return shapes(a) === shapes(b);
}
