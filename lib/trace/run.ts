/**
 * Running a function of tensors once in ONNX Runtime.
 *
 * @module
 */

import type * as tf from "@tensorflow/tfjs-core";
import { encodeModel, modelOf } from "../onnx/model.ts";
import { openSession } from "../onnx/session.ts";
import type { HostTensor } from "../onnx/tensor.ts";
import { leavesOf, type MapLeaves, mapTree, type Tree } from "../tree.ts";
import { trace } from "./backend.ts";
import type { Spec } from "./graph.ts";

/**
 * Traces a function, runs the graph once, and gives the memory back.
 *
 * @param fn Takes and returns trees of tensors.
 * @param inputs The tensors to run it on.
 * @returns The results by path.
 */
export async function runTraced<T extends Tree<HostTensor>>(
  fn: (inputs: MapLeaves<T, HostTensor, tf.Tensor>) => Tree<tf.Tensor>,
  inputs: T,
): Promise<Record<string, HostTensor>> {
  const specs = mapTree<HostTensor, Spec, Tree<HostTensor>>(
    inputs,
    ({ dtype, shape }) => ({ dtype, shape }),
  ) as Tree<Spec>;
  const graph = trace(
    (tensors) => fn(tensors as MapLeaves<T, HostTensor, tf.Tensor>),
    specs,
  );
  if (graph.outputs.length === 0) return {};
  const session = await openSession(
    encodeModel(modelOf(graph, { name: "function" })),
  );
  try {
    return await session.run(Object.fromEntries(leavesOf<HostTensor>(inputs)));
  } finally {
    await session.close();
  }
}
