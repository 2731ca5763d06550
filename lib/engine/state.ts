/**
 * States: the first of a training, and the way between the host's memory and
 * tensors of TensorFlow.js, eager or traced.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import {
  type HostState,
  initialTensors,
  modelState,
  prefixed,
} from "../../models/buffers.ts";
import { Memo } from "../base/memo.ts";
import { leavesOf, mapTree, type Tree, treeOf } from "../base/tree.ts";
import { alikeKey } from "../config/alike.ts";
import type { Experiment } from "../experiment/experiment.ts";
import type { Metrics } from "../metrics/mod.ts";
import { type HostTensor, hostTensorOf, toNumbers } from "../numeric/tensor.ts";
import { runTraced, specsOf } from "../onnx/runtime/compile.ts";
import type { Params } from "../optim/mod.ts";
import type { Runtime } from "../settings/devices.ts";

/** What a step changes. */
export type State = {
  readonly params: Params;
  /** What {@link Model.buffers} makes, where the model has any. */
  readonly buffers?: Params;
  readonly optimizer: Params;
};

/** The state in a tree of tensors, whatever else that has. */
export function stateOf(tensors: Tree<tf.Tensor>): State {
  const { params, buffers, optimizer = {} } = tensors as Partial<State>;
  return { params: params!, ...(buffers && { buffers }), optimizer };
}

/** A tensor constant of a trace. */
export function constant({ dtype, shape, data }: HostTensor): tf.Tensor {
  const values = toNumbers({ data });
  return tf.tensor(
    dtype === "int64" ? Int32Array.from(values) : Float32Array.from(values),
    [...shape],
    dtype === "int64" ? "int32" : "float32",
  );
}

/** Tensors by path as a tree of tensors of TensorFlow.js. */
export function toDevice(tensors: HostState): Tree<tf.Tensor> {
  return mapTree(treeOf(Object.entries(tensors)), constant);
}

/** The leaves of a tree of eager tensors by path; their float is float32. */
export async function toHost(
  tensors: Tree<tf.Tensor>,
): Promise<Record<string, HostTensor>> {
  const found: Record<string, HostTensor> = {};
  for (const [path, leaf] of leavesOf<tf.Tensor>(tensors)) {
    found[path] = hostTensorOf("float32", leaf.shape, await leaf.data());
  }
  return found;
}

/** Metrics, each a tensor of one number, as numbers. */
export function metricsOf(tensors: HostState): Metrics {
  return mapTree(tensors, (x: HostTensor) => toNumbers(x)[0]!) as Metrics;
}

/**
 * Initial parameters and buffers of each run, and the optimizer's state for them: it
 * depends on the parameters' shapes only, and is the first's.
 *
 * @param experiments What to train.
 * @param runtime Which build of ONNX Runtime computes the state.
 * @param known What runs before them had: of the same config but for the seeds it is
 * the same.
 */
export async function initialStates(
  experiments: readonly Experiment[],
  runtime: Runtime = "node",
  known = new Memo(),
): Promise<HostState[]> {
  const { config, params, optimizer } = experiments[0]!;
  const compute = () =>
    runTraced(({ params }) => optimizer.init(params), { params }, { runtime });
  const key = alikeKey(config) + JSON.stringify([specsOf(params), runtime]);
  const values = await known.last("the optimizer's state", key, compute);
  return experiments.map((one) =>
    hostStateOf(one, initialTensors(one), values)
  );
}

/** A state by path, of the model's tensors and of the optimizer's. */
export function hostStateOf(
  experiment: Experiment,
  model: HostState,
  optimizer: HostState,
): HostState {
  return {
    ...modelState(experiment, model),
    ...prefixed("optimizer.", optimizer),
  };
}

/** The same of one run. */
export async function initialState(
  experiment: Experiment,
  runtime?: Runtime,
): Promise<HostState> {
  const [state] = await initialStates([experiment], runtime);
  return state!;
}
