/**
 * Small graphs to look at and to run.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
import type { Tree } from "../../lib/base/tree.ts";
import type { DType, HostTensor } from "../../lib/numeric/tensor.ts";
import {
  encodeModel,
  modelOf,
  type ModelOptions,
} from "../../lib/onnx/file/model.ts";
import { openSession } from "../../lib/onnx/runtime/session.ts";
import { trace } from "../../lib/trace/backend.ts";
import type { Graph, Spec } from "../../lib/trace/graph.ts";
import { nodesFor } from "../../lib/trace/graph_walk.ts";
import type { TensorFunction } from "./_run.ts";

/** Traces a function of one tensor x, whose result alone is y. */
export const traceX = (
  fn: (x: tf.Tensor) => tf.Tensor | Tree<tf.Tensor>,
  shape: readonly number[] = [3],
  dtype: DType = "float32",
): Graph =>
  trace(({ x }) => {
    const y = fn(x);
    return y instanceof tf.Tensor ? { y } : y;
  }, { x: { dtype, shape } });

/** Traces a function of tensors x0, x1, …, whose results are y0, y1, …. */
export const graphOf = (
  fn: TensorFunction,
  inputs: readonly HostTensor[],
  deferSegmentSums = false,
): Graph =>
  trace(
    (tensors) => {
      const y = fn(...Object.values<tf.Tensor>(tensors));
      return Object.fromEntries(
        (Array.isArray(y) ? y : [y]).map((y, i) => [`y${i}`, y]),
      );
    },
    Object.fromEntries(
      inputs.map(({ dtype, shape }, i): [string, Spec] => [
        `x${i}`,
        { dtype, shape },
      ]),
    ),
    { deferSegmentSums },
  );

/** The operators that a graph's outputs need, in order. */
export const opsOf = (graph: Graph): string[] =>
  nodesFor(graph.outputs.map(([, value]) => value)).map(({ op }) => op);

/** Runs a graph. */
export async function runGraph(
  graph: Graph,
  inputs: Record<string, HostTensor>,
  options: Partial<ModelOptions> = {},
): Promise<Record<string, HostTensor>> {
  const model = modelOf(graph, { name: "test", ...options });
  const session = await openSession(encodeModel(model), { threads: 1 });
  try {
    return await session.run(inputs);
  } finally {
    await session.close();
  }
}
