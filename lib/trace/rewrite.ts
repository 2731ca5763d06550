/**
 * Making a graph out of another, node by node.
 *
 * @module
 */

import { type Graph, newNode, type Node, type Value } from "./graph.ts";
import { nodesFor } from "./graph_walk.ts";

/**
 * Copies what must change of a graph and shares the rest.
 *
 * @param graph The graph; it stays as it is.
 * @param values What is known to be replaced, by what.
 * @param replace The results of a node on its new operands; undefined leaves it
 * what it is.
 * @returns The outputs of the new graph, under the names of the old.
 */
export function rewrite(
  { outputs }: Pick<Graph, "outputs">,
  values: ReadonlyMap<Value, Value>,
  replace: (
    node: Node,
    operands: readonly Value[],
  ) => readonly Value[] | undefined = () => undefined,
): Graph["outputs"] {
  const replaced = new Map(values);
  const swap = (value: Value) => replaced.get(value) ?? value;
  for (const node of nodesFor(outputs.map(([, value]) => value))) {
    const { op, inputs, attributes } = node;
    if (node.outputs.every((value) => replaced.has(value))) continue;
    const operands = inputs.map(swap);
    let results = replace(node, operands);
    if (!results) {
      if (operands.every((value, i) => value === inputs[i])) continue;
      results = newNode(op, operands, attributes, node.outputs);
    }
    node.outputs.forEach((old, i) => {
      const fresh = results[i]!;
      if (old.name !== undefined) fresh.name = old.name;
      replaced.set(old, fresh);
    });
  }
  return outputs.map(([name, value]) => [name, swap(value)]);
}
