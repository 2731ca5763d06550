/**
 * The experiment that a checkpoint comes from, with the checkpoint's own weights:
 * what probes that need a gradient are computed from.
 *
 * @module
 */

import { type Config, definitionsOf } from "../config/config.ts";
import { configAt } from "../config/course.ts";
import type { SessionOptions } from "../onnx/session.ts";
import type { HostTensor } from "../onnx/tensor.ts";
import { hostTensorOf, toNumbers } from "../onnx/tensor.ts";
import { scheduleOf } from "../optim/mod.ts";
import { optimizerStateAt, type Tensors } from "../runs/resume.ts";
import type { FloatDType } from "../trace/graph.ts";
import { runTraced } from "../trace/run.ts";
import { buffersOf } from "../train/buffers.ts";
import { type Experiment, makeExperiment } from "../train/experiment.ts";
import { mapTree, type Tree } from "../tree.ts";
import type { ProbeContext } from "./context.ts";
import { NotApplicableError } from "./probe.ts";

/** An experiment at a checkpoint. */
export interface ExperimentAt extends Experiment {
  /** The model's buffers there; empty where it has none. */
  readonly buffers: Tree<HostTensor>;
}

/**
 * Model, loss, rows and optimizer of the config in force at the checkpoint, and
 * the checkpoint's weights.
 *
 * @throws {NotApplicableError} if it says no config, or has other weights than its
 * config's model.
 */
export function experimentAt(context: ProbeContext): ExperimentAt {
  return context.once("experiment", () => {
    const config = configAt(context.config, context.step ?? 0);
    const experiment = makeExperiment(config);
    const own = (tree: Tree<HostTensor>) =>
      mapTree<HostTensor, HostTensor, Tree<HostTensor>>(
        tree,
        ({ shape }, path) => {
          const weight = context.weight(path);
          if (weight.shape.join() === shape.join()) return weight;
          throw new NotApplicableError(
            `The weight ${path} has shape [${weight.shape}], and its config's ` +
              `model [${shape}]`,
          );
        },
      ) as Tree<HostTensor>;
    return {
      ...experiment,
      params: own(experiment.params),
      buffers: own(buffersOf(experiment)),
    };
  });
}

/** The same experiment with model and loss in another precision. */
export function inPrecision(
  experiment: ExperimentAt,
  precision: FloatDType,
): ExperimentAt {
  const { config, params, buffers } = experiment;
  const cast = (tree: Tree<HostTensor>) =>
    mapTree<HostTensor, HostTensor, Tree<HostTensor>>(
      tree,
      ({ shape, data }) => hostTensorOf(precision, shape, toNumbers({ data })),
    ) as Tree<HostTensor>;
  return {
    ...experiment,
    config: { ...config, precision, lossPrecision: precision } as Config,
    params: cast(params),
    buffers: cast(buffers),
  };
}

/**
 * The optimizer's state at a checkpoint, by path; undefined where it lies in no
 * run, or the optimizer has none.
 */
export function optimizerAt(
  { run, step }: ProbeContext,
): Promise<Tensors | undefined> {
  return run && step !== null
    ? optimizerStateAt(run.path, step)
    : Promise.resolve(undefined);
}

/** The learning rate of the update that follows a number of them. */
export async function learningRateAt(
  config: Config,
  updates: number,
  options: SessionOptions = {},
): Promise<number> {
  const { lr, outputScale } = config;
  const { optimizer } = definitionsOf(config);
  const schedule = scheduleOf(config);
  const full = lr / outputScale ** 2;
  if (!schedule || !("schedule" in optimizer.settings)) return full;
  const { share } = await runTraced(
    ({ count }) => ({ share: schedule(count) }),
    { count: hostTensorOf("float64", [], [updates]) },
    options,
  );
  return full * toNumbers(share!)[0]!;
}
