/**
 * The experiment that a checkpoint comes from, with the checkpoint's own weights:
 * what probes that need a gradient are computed from.
 *
 * @module
 */

import { buffersOf } from "../../../models/buffers.ts";
import { FileError } from "../../base/files.ts";
import { mapTree, type Tree } from "../../base/tree.ts";
import { type Config, definitionsOf } from "../../config/config.ts";
import { configAt } from "../../config/switches.ts";
import {
  type Experiment,
  lossOf,
  makeExperiment,
} from "../../experiment/experiment.ts";
import type { Loss } from "../../losses/mod.ts";
import {
  type FloatDType,
  type HostTensor,
  hostTensorOf,
  toDType,
  toNumbers,
} from "../../numeric/tensor.ts";
import { runTraced } from "../../onnx/runtime/compile.ts";
import type { SessionOptions } from "../../onnx/runtime/options.ts";
import { scheduleOf } from "../../optim/mod.ts";
import { optimizerStateAt, type Tensors } from "../../runs/states.ts";
import type { ProbeContext } from "./context.ts";
import { NotApplicableError } from "./not_applicable.ts";

/** An experiment at a checkpoint. */
export interface ExperimentAt extends Experiment {
  /** The model's buffers there; empty where it has none. */
  readonly buffers: Tree<HostTensor>;
  /**
   * Whether rows and loss were told, of a file that does not say how it was trained:
   * of its optimizer nothing is known, whatever the config has.
   */
  readonly told?: boolean;
  /** What the file calls a parameter; by default as its path is. */
  nameOf?(path: string): string;
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
      mapTree(tree, ({ shape }: HostTensor, path) => {
        const weight = context.weight(path);
        if (weight.shape.join() === shape.join()) return weight;
        throw new NotApplicableError(
          `The weight ${path} has shape [${weight.shape}], and its config's ` +
            `model [${shape}]`,
        );
      });
    return {
      ...experiment,
      params: own(experiment.params),
      buffers: own(buffersOf(experiment)),
    };
  });
}

/**
 * Computes something of an experiment's gradient. A file's graph may have operators
 * that ONNX Runtime has in one precision only: that is no fault of the probe.
 *
 * @throws {NotApplicableError} if it cannot be computed of a file that was told what
 * it was trained on.
 */
export async function differentiated<T>(
  { told }: ExperimentAt,
  { model: { source } }: ProbeContext,
  compute: () => Promise<T>,
): Promise<T> {
  try {
    return await compute();
  } catch (error) {
    const { message } = error as Error;
    if (!told || error instanceof NotApplicableError) throw error;
    throw new NotApplicableError(
      `${source} cannot be differentiated here: ${message}`,
      { cause: error },
    );
  }
}

/** The same experiment with model and loss in another precision. */
export function inPrecision(
  experiment: ExperimentAt,
  precision: FloatDType,
): ExperimentAt {
  const { config, params, buffers } = experiment;
  const cast = (tree: Tree<HostTensor>) =>
    mapTree(tree, (leaf: HostTensor) => toDType(leaf, precision));
  return {
    ...experiment,
    config: { ...config, precision, lossPrecision: precision } as Config,
    params: cast(params),
    buffers: cast(buffers),
  };
}

/** The loss that it is trained with there; undefined where nothing says. */
export function lossAt({ task, step }: ProbeContext): Loss | undefined {
  const { config, loss } = task;
  return loss ?? (config && lossOf(configAt(config, step ?? 0)));
}

/**
 * The optimizer's state at a checkpoint, by path; undefined where it lies in no
 * run, or the optimizer has none.
 *
 * @throws {FileError} if it is not what was written.
 */
export async function optimizerAt(
  { run, step }: ProbeContext,
): Promise<Tensors | undefined> {
  if (!run || step === null) return undefined;
  const state = await optimizerStateAt(run.path, step);
  if (typeof state === "string") throw new FileError(state);
  return Object.keys(state).length > 0 ? state : undefined;
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
