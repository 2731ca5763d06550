/**
 * A function of tensors made one of stacks of tensors: every operator of a
 * graph gets a leading axis, the replica, along which it does the same.
 *
 * @module
 */

import {
  type Graph,
  GraphBuilder,
  newInput,
  type Spec,
  type Value,
} from "../graph.ts";
import { expand, reshape } from "../operators/lowering.ts";
import { rewrite } from "../rewrite.ts";
import { rules } from "./vmap_rules.ts";

/** What an argument of the stacked function is. */
export type Argument =
  /** An input with the leading axis. */
  | "stacked"
  /** The same for every replica, or known, with the leading axis or without. */
  | { readonly value: Value; readonly stacked: boolean };

/**
 * Stacks a function: what it computes of one set of arguments, the new graph
 * computes of `size` sets at once.
 *
 * ```ts
 * import {
 *   encodeModel,
 *   hostTensorOf,
 *   modelOf,
 *   openSession,
 * } from "@groklab/groklab/onnx";
 * import { trace, vmap } from "@groklab/groklab/trace";
 * import { assertEquals } from "@std/assert";
 * import * as tf from "@tensorflow/tfjs-core";
 *
 * const sum = trace(
 *   ({ x }) => ({ y: tf.sum(x) }),
 *   { x: { dtype: "float32", shape: [2] } },
 * );
 * const sums = modelOf(vmap(sum, 3, () => "stacked"), { name: "sums" });
 * const session = await openSession(encodeModel(sums));
 * const x = hostTensorOf("float32", [3, 2], [1, 2, 3, 4, 5, 6]);
 * const { y } = await session.run({ x });
 * assertEquals([...y!.data], [3, 7, 11]);
 * await session.close();
 * ```
 *
 * @param graph A traced graph. Its SegmentSum nodes may stand for sums whose
 * ids were not known while tracing.
 * @param size How many replicas.
 * @param argument What becomes of each input.
 * @param isOnce Which outputs need no replica axis where they are the same for
 * all replicas; by default none.
 * @returns The stacked graph: every output [size, …], but for those.
 * @throws {TypeError} if an operator has no rule here.
 */
export function vmap(
  graph: Graph,
  size: number,
  argument: (name: string, spec: Spec) => Argument,
  isOnce: (name: string) => boolean = () => false,
): Graph {
  const inputs: Value[] = [];
  const values = new Map<Value, Value>();
  const stacked = new Set<Value>();
  for (const input of graph.inputs) {
    const { dtype, shape } = input;
    const given = argument(input.name!, input);
    if (given === "stacked") {
      const value = newInput(input.name!, { dtype, shape: [size, ...shape] });
      inputs.push(value);
      stacked.add(value);
      values.set(input, value);
    } else {
      if (given.stacked) stacked.add(given.value);
      values.set(input, given.value);
    }
  }
  const g = new GraphBuilder();
  const stack = (x: Value) =>
    stacked.has(x)
      ? x
      : expand(g, reshape(g, x, [1, ...x.shape]), [size, ...x.shape]);
  const outputs = rewrite(graph, values, (node, operands) => {
    if (!operands.some((x) => stacked.has(x))) return undefined;
    const rule = rules[node.op];
    if (!rule) {
      throw new TypeError(
        `Cannot stack ${node.op}: it has no rule for a replica axis. ` +
          `Operators with one: ${Object.keys(rules).sort().join(", ")}`,
      );
    }
    const results = rule({
      g,
      size,
      node,
      x: operands,
      isStacked: (i) => stacked.has(operands[i]!),
      stack,
    });
    results.forEach((value) => stacked.add(value));
    return results;
  });
  return {
    inputs,
    outputs: outputs.map(([name, value]) => [
      name,
      isOnce(name) ? value : stack(value),
    ]),
  };
}
