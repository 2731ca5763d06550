/**
 * Constant folding, by the runtime that will run the graph: whatever depends
 * on constants only is computed once in ONNX Runtime, in its own arithmetic.
 *
 * @module
 */

import { type HostTensor, sizeOf } from "../../numeric/tensor.ts";
import type { Runtime } from "../../settings/devices.ts";
import { type Graph, newConstant, type Value } from "../../trace/graph.ts";
import { nodesFor } from "../../trace/graph_walk.ts";
import { rewrite } from "../../trace/rewrite.ts";
import { encodeModel, modelOf } from "../file/model.ts";
import { openSession } from "./session.ts";

/**
 * Replaces every value that depends on constants only by its contents.
 *
 * @param graph A traced graph.
 * @param largest Values of more elements than this stay computed, which keeps
 * files small.
 * @param runtime Which build of ONNX Runtime computes.
 * @returns A graph of the same function with the same names.
 */
export async function foldConstants(
  graph: Graph,
  largest = Infinity,
  runtime: Runtime = "node",
): Promise<Graph> {
  const nodes = nodesFor(graph.outputs.map(([, value]) => value));
  const constant = new Set<Value>();
  const wanted = new Set<Value>();
  const isConstant = (v: Value) => v.data !== undefined || constant.has(v);
  for (const node of nodes) {
    const foldable = node.inputs.every(isConstant) &&
      node.outputs.every((v) =>
        sizeOf(v.shape) <= largest && v.name === undefined
      );
    if (foldable) node.outputs.forEach((v) => constant.add(v));
    // What must be known is only where constants meet the rest of the graph.
    else {node.inputs.filter((v) => constant.has(v)).forEach((v) =>
        wanted.add(v)
      );}
  }
  graph.outputs.forEach(([, v]) => constant.has(v) && wanted.add(v));
  if (wanted.size === 0) return graph;

  const contents = await evaluate([...wanted], runtime);
  const replaced = new Map<Value, Value>();
  for (const [value, { dtype, shape, data }] of contents) {
    replaced.set(value, newConstant(dtype, shape, data));
  }
  return { inputs: graph.inputs, outputs: rewrite(graph, replaced) };
}

async function evaluate(
  values: readonly Value[],
  runtime: Runtime,
): Promise<Map<Value, HostTensor>> {
  const outputs = values.map((value, i) => [`folded_${i}`, value] as const);
  const model = modelOf({ inputs: [], outputs }, { name: "constants" });
  // Optimising would fold the same constants once more, in ONNX Runtime.
  const session = await openSession(encodeModel(model), {
    runtime,
    optimization: "disabled",
  });
  try {
    const results = await session.run({});
    return new Map(outputs.map(([name, value]) => [value, results[name]!]));
  } finally {
    await session.close();
  }
}
