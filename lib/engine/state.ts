import * as tf from "../base/tfjs.ts";
import {
  type HostState,
  initialTensors,
  modelState,
  prefixed,
} from "../../models/buffers.ts";
import type { Experiment } from "../experiment/experiment.ts";
import { type HostTensor, toNumbers } from "../numeric/tensor.ts";
import { runTraced } from "../onnx/runtime/compile.ts";
import type { Runtime } from "../settings/devices.ts";

/** A tensor constant of a trace. */
export function constant({ dtype, shape, data }: HostTensor): tf.Tensor {
  const values = toNumbers({ data });
  return tf.tensor(
    dtype === "int64" ? Int32Array.from(values) : Float32Array.from(values),
    [...shape],
    dtype === "int64" ? "int32" : "float32",
  );
}

/**
 * Initial parameters and buffers, and the optimizer's state for them.
 *
 * @param experiment What to train.
 * @param runtime Which build of ONNX Runtime computes the state.
 */
export async function initialState(
  experiment: Experiment,
  runtime: Runtime = "node",
): Promise<HostState> {
  const { params, optimizer } = experiment;
  const values = await runTraced(
    ({ params }) => optimizer.init(params),
    { params },
    { runtime },
  );
  return {
    ...modelState(experiment, initialTensors(experiment)),
    ...prefixed("optimizer.", values),
  };
}

/**
 * The same of several runs: the optimizer's first state depends on the parameters'
 * shapes only, and is the first's.
 */
export async function initialStates(
  experiments: readonly Experiment[],
  runtime?: Runtime,
): Promise<HostState[]> {
  const shared = await initialState(experiments[0]!, runtime);
  return experiments.map((experiment) => ({
    ...shared,
    ...modelState(experiment, initialTensors(experiment)),
  }));
}
