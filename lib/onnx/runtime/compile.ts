/**
 * Running functions of tensors in ONNX Runtime.
 *
 * @module
 */

import type * as tf from "../../base/tfjs.ts";
import {
  leavesOf,
  type MapLeaves,
  mapTree,
  type Tree,
} from "../../base/tree.ts";
import type { HostTensor } from "../../numeric/tensor.ts";
import { trace } from "../../trace/backend.ts";
import type { Graph, Spec } from "../../trace/graph.ts";
import type { SessionOptions } from "./options.ts";
import type { Session } from "./session.ts";

/** The element types and shapes of tensors. */
export function specsOf<T extends Tree<HostTensor>>(
  tensors: T,
): MapLeaves<T, HostTensor, Spec> {
  return mapTree<HostTensor, Spec, T>(
    tensors,
    ({ dtype, shape }) => ({ dtype, shape }),
  );
}

/** A function of a tree of tensors, its inputs known by their host tensors. */
export type TracedFunction<T> = (
  inputs: MapLeaves<T, HostTensor, tf.Tensor>,
) => Tree<tf.Tensor>;

// Loaded when something is run: who only lists what there is need not wait.
async function open(graph: Graph, options: SessionOptions): Promise<Session> {
  const { encodeModel, modelOf } = await import("../file/model.ts");
  const { openSession } = await import("./session.ts");
  return openSession(
    encodeModel(modelOf(graph, { name: "function" })),
    options,
  );
}

function graphOf<T extends Tree<HostTensor>>(
  fn: TracedFunction<T>,
  inputs: T,
): Graph {
  const specs: Tree<Spec> = specsOf<Tree<HostTensor>>(inputs);
  return trace(
    (tensors) => fn(tensors as MapLeaves<T, HostTensor, tf.Tensor>),
    specs,
  );
}

/**
 * Traces a function for tensors like the given ones, to be run many times.
 *
 * @param fn Takes and returns trees of tensors.
 * @param inputs Of these only types and shapes matter.
 * @param options How to run it.
 * @returns A session whose inputs and outputs are the leaves' paths.
 */
export function compile<T extends Tree<HostTensor>>(
  fn: TracedFunction<T>,
  inputs: T,
  options: SessionOptions = {},
): Promise<Session> {
  return open(graphOf(fn, inputs), options);
}

/**
 * Traces a function, runs the graph once, and gives the memory back.
 *
 * ```ts
 * import { hostTensorOf, runTraced } from "@groklab/groklab/onnx";
 * import { assertEquals } from "@std/assert";
 * import * as tf from "@tensorflow/tfjs-core";
 *
 * const { y } = await runTraced(
 *   ({ x }) => ({ y: tf.sum(x) }),
 *   { x: hostTensorOf("float32", [3], [1, 2, 3]) },
 * );
 * assertEquals(y!.data[0], 6);
 * ```
 *
 * @param fn Takes and returns trees of tensors.
 * @param inputs The tensors to run it on.
 * @param options How to run it.
 * @returns The results by path.
 */
export async function runTraced<T extends Tree<HostTensor>>(
  fn: TracedFunction<T>,
  inputs: T,
  options: SessionOptions = {},
): Promise<Record<string, HostTensor>> {
  const graph = graphOf(fn, inputs);
  // An optimizer without state has nothing to start with.
  if (graph.outputs.length === 0) return {};
  const session = await open(graph, options);
  try {
    return await session.run(Object.fromEntries(leavesOf<HostTensor>(inputs)));
  } finally {
    await session.close();
  }
}
