/**
 * The train loss of an experiment as a function of its parameters: value,
 * gradient and curvature, compiled for ONNX Runtime.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import { type Batch, hostBatch } from "../../models/batch.ts";
import { buffersOf, type HostState } from "../../models/buffers.ts";
import {
  checkArgument,
  checkOptions,
  experimentCheck,
} from "../base/options.ts";
import { leavesOf, mapTree, type Tree } from "../base/tree.ts";
import type { Experiment } from "../experiment/experiment.ts";
import { mean } from "../losses/mod.ts";
import type { Vector } from "../numeric/lanczos.ts";
import {
  type HostTensor,
  hostTensorOf,
  sizeOf,
  toNumbers,
} from "../numeric/tensor.ts";
import { encodeModel, modelOf } from "../onnx/file/model.ts";
import { specsOf } from "../onnx/runtime/compile.ts";
import { SESSION, type SessionOptions } from "../onnx/runtime/options.ts";
import { openSession, type Session } from "../onnx/runtime/session.ts";
import type { Params } from "../optim/mod.ts";
import { trace } from "../trace/backend.ts";
import type { Graph } from "../trace/graph.ts";
import { widen } from "../trace/precision.ts";
import { jvp, TANGENT } from "../trace/transforms/jvp.ts";
import { forwardOf, type ModelState } from "./forward.ts";
import { constant } from "./state.ts";

/** A scalar function of all parameters. Close it to give its memory back. */
export interface Objective {
  /** How many numbers all parameters are. */
  readonly size: number;
  /** The paths of the parameter tensors with their places in the vector. */
  readonly parts: readonly { path: string; begin: number; end: number }[];
  /** The parameters that it was opened with, as a vector. */
  readonly at: Vector;
  /** The mean loss of all train rows. */
  loss(theta: Vector): Promise<number>;
  /** The gradient of {@link Objective.loss}. */
  gradient(theta: Vector): Promise<Vector>;
  /**
   * The Hessian of {@link Objective.loss} times a vector, exactly: the
   * directional derivative of the gradient's own graph.
   */
  hessianTimes(theta: Vector, v: Vector): Promise<Vector>;
  /** Gives its sessions' memory back. */
  close(): Promise<void>;
}

/** The loss of some of the train rows at a time, as a function of all parameters. */
export interface BatchObjective
  extends Pick<Objective, "size" | "at" | "close"> {
  /**
   * The gradient of the rows' mean loss.
   *
   * @param rows Indices of train rows, as many as it was opened for.
   */
  gradient(rows: readonly number[], theta: Vector): Promise<Vector>;
  /** The Hessian of the rows' mean loss times a vector. */
  hessianTimes(
    rows: readonly number[],
    theta: Vector,
    v: Vector,
  ): Promise<Vector>;
}

/**
 * Opens the train loss of an experiment, mean over all train rows, in the
 * experiment's precisions. Dropout is left out and buffers stay as they are, as
 * in evaluation. What is asked for first is compiled first.
 *
 * @param experiment Model, loss, rows and parameters.
 * @param buffers The model's buffers, where it has any.
 * @param options Where it runs.
 * @throws {TypeError} if it is no experiment as makeExperiment() gives it.
 * @throws {UsageError} if an option is unknown, or is not what it must be.
 */
export function openObjective(
  experiment: Experiment,
  buffers: Tree<HostTensor> = buffersOf(experiment),
  options: SessionOptions = {},
): Objective {
  checkArgument("openObjective()", "experiment", experiment, experimentCheck);
  checkOptions("openObjective()", options, SESSION);
  const { params } = experiment;
  const { size, parts, feeds, vectorOf } = layoutOf(params);
  const { run, close } = sessionsOf(graphsOf(experiment, buffers), options);

  return {
    size,
    parts,
    at: vectorOf(Object.fromEntries(leavesOf<HostTensor>(params)), ""),
    async loss(theta) {
      const { loss } = await run("loss", feeds("params.", theta));
      return toNumbers(loss!)[0]!;
    },
    async gradient(theta) {
      const found = await run("gradient", feeds("params.", theta));
      return vectorOf(found, "gradient.");
    },
    async hessianTimes(theta, v) {
      const found = await run("hessian", {
        ...feeds("params.", theta),
        ...feeds(`${TANGENT}params.`, v),
      });
      return vectorOf(found, `${TANGENT}gradient.`);
    },
    close,
  };
}

/**
 * Opens the loss of batches of an experiment's train rows, as
 * {@link openObjective} does that of all of them: which rows is said anew with
 * each question.
 *
 * @param experiment Model, loss, rows and parameters.
 * @param batchSize How many rows a batch has.
 * @param buffers The model's buffers, where it has any.
 * @param options Where it runs.
 * @throws {TypeError} if it is no experiment as makeExperiment() gives it.
 * @throws {UsageError} if an option is unknown, or is not what it must be.
 * @throws {RangeError} if a batch of another size is asked about.
 */
export function openBatchObjective(
  experiment: Experiment,
  batchSize: number,
  buffers: Tree<HostTensor> = buffersOf(experiment),
  options: SessionOptions = {},
): BatchObjective {
  const name = "openBatchObjective()";
  checkArgument(name, "experiment", experiment, experimentCheck);
  checkOptions(name, options, SESSION);
  const { params } = experiment;
  const { size, feeds, vectorOf } = layoutOf(params);
  const graphs = graphsOf(experiment, buffers, batchSize);
  const { run, close } = sessionsOf(graphs, options);
  const chosen = (rows: readonly number[]) => {
    if (rows.length === batchSize) {
      return { rows: hostTensorOf("int64", [batchSize], rows) };
    }
    throw new RangeError(
      `Cannot differentiate the loss of ${rows.length} rows: it was opened ` +
        `for batches of ${batchSize}`,
    );
  };
  return {
    size,
    at: vectorOf(Object.fromEntries(leavesOf<HostTensor>(params)), ""),
    async gradient(rows, theta) {
      const found = await run("gradient", {
        ...feeds("params.", theta),
        ...chosen(rows),
      });
      return vectorOf(found, "gradient.");
    },
    async hessianTimes(rows, theta, v) {
      const found = await run("hessian", {
        ...feeds("params.", theta),
        ...feeds(`${TANGENT}params.`, v),
        ...chosen(rows),
      });
      return vectorOf(found, `${TANGENT}gradient.`);
    },
    close,
  };
}

// Sessions of graphs by name, each opened when it is first run.
function sessionsOf<Name extends string>(
  graphs: Readonly<Record<Name, () => Graph>>,
  options: SessionOptions,
) {
  const sessions = new Map<Name, Promise<Session>>();
  return {
    async run(name: Name, inputs: HostState) {
      const opened = sessions.get(name) ??
        openSession(encodeModel(modelOf(graphs[name](), { name })), options);
      sessions.set(name, opened);
      return await (await opened).run(inputs);
    },
    async close() {
      for (const opened of sessions.values()) await (await opened).close();
      sessions.clear();
    },
  };
}

// Where parameters lie in a vector, and the way there and back.
function layoutOf(params: Tree<HostTensor>) {
  const leaves = leavesOf<HostTensor>(params);
  let end = 0;
  const parts = leaves.map(([path, { shape }]) => ({
    path,
    begin: end,
    end: end += sizeOf(shape),
  }));
  return {
    size: end,
    parts,
    // The leaves of a vector, under what their names begin with.
    feeds: (prefix: string, vector: Vector) =>
      Object.fromEntries(leaves.map(([path, { dtype, shape }], i) => [
        prefix + path,
        hostTensorOf(
          dtype,
          shape,
          vector.subarray(parts[i]!.begin, parts[i]!.end),
        ),
      ])),
    vectorOf(
      tensors: Readonly<Record<string, HostTensor>>,
      prefix: string,
    ): Vector {
      const vector = new Float64Array(end);
      for (const { path, begin } of parts) {
        vector.set(toNumbers(tensors[prefix + path]!), begin);
      }
      return vector;
    },
  };
}

// What traces the loss, its gradient, and that along a direction: of all train
// rows, or of as many as a batch has, whose indices are an input then.
function graphsOf(
  experiment: Experiment,
  buffers: Tree<HostTensor>,
  batchSize?: number,
) {
  const { model, loss, split, config: { lossPrecision }, params } = experiment;
  const rows = hostBatch(split.train, model);
  const forward = forwardOf(experiment, false);
  const traced = (
    f: (state: ModelState, batch: Batch) => Tree<tf.Tensor>,
  ) =>
    trace((tensors: Params) => {
      const { params, rows: chosen } = tensors as {
        params: Params;
        rows?: tf.Tensor1D;
      };
      const take = (values: HostTensor) =>
        chosen ? tf.gather(constant(values), chosen) : constant(values);
      const batch = { inputs: take(rows.inputs), labels: take(rows.labels) };
      return f({ params, buffers: mapTree(buffers, constant) }, batch);
    }, {
      ...specsOf({ params }),
      ...(batchSize && { rows: { dtype: "int64", shape: [batchSize] } }),
    });
  const gradient = () =>
    traced((state, batch) => {
      const slice = { first: 0, rows: batch.labels.shape[0]!, batch };
      return { gradient: forward.lossAndGradients(state, [slice])[1] };
    });

  return {
    loss: () =>
      traced((state, batch) => {
        const [z, y] = [forward.logits(state, batch), forward.labelsOf(batch)];
        const terms = loss.terms(z, y, lossPrecision);
        return { loss: widen(mean(terms, lossPrecision)) };
      }),
    gradient,
    hessian: () => jvp(gradient(), (name) => name !== "rows"),
  };
}
