/**
 * What of a graph is needed for some of its values.
 *
 * @module
 */

import { append } from "../base/extremes.ts";
import type { Node, Subgraph, Value } from "./graph.ts";

/**
 * The nodes that the given values need, each after those it depends on.
 *
 * @param outputs The values wanted.
 * @param available Values that are there already: the walk stops at them.
 */
export function nodesFor(
  outputs: Iterable<Value>,
  available: ReadonlySet<Value> = new Set(),
): Node[] {
  const found = new Set<Node>();
  const stack = [...outputs];
  for (let value = stack.pop(); value; value = stack.pop()) {
    const { node } = value;
    if (node && !found.has(node) && !available.has(value)) {
      found.add(node);
      append(stack, node.inputs);
      for (const attribute of Object.values(node.attributes)) {
        if (typeof attribute === "object" && "graph" in attribute) {
          append(stack, capturedBy(attribute.graph));
        }
      }
    }
  }
  // A node is made after its inputs, so the order of making is topological.
  return [...found].sort((a, b) => a.id - b.id);
}

/** The values from outside that a subgraph uses. */
export function capturedBy(graph: Subgraph): Value[] {
  const own = new Set<Value>(graph.inputs);
  const captured = new Set<Value>();
  const use = (value: Value) => {
    if (!own.has(value)) captured.add(value);
  };
  for (const node of graph.nodes) {
    node.inputs.forEach(use);
    for (const attribute of Object.values(node.attributes)) {
      if (typeof attribute === "object" && "graph" in attribute) {
        capturedBy(attribute.graph).forEach(use);
      }
    }
    node.outputs.forEach((value) => own.add(value));
  }
  graph.outputs.forEach(use);
  return [...captured];
}
