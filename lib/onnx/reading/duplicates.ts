/**
 * Files in which a name stands for two things.
 *
 * @module
 */

import type { FunctionProto, GraphProto, NodeProto } from "../file/protobuf.ts";
import { subgraphsOf } from "./nodes.ts";

/**
 * Refuses a graph in which a name is given twice: which of the two is meant, no
 * reader could say.
 *
 * @throws {SyntaxError} if a name is.
 */
export function checkNames(graph: GraphProto, source: string): void {
  const { initializer, sparseInitializer, input, node } = graph;
  const weights = new Set<string>();
  const given = [
    ...initializer.map(({ name }) => name),
    ...sparseInitializer.map(({ values }) => values?.name ?? ""),
  ];
  for (const name of given) add(weights, name, "two initializers", source);
  const inputs = new Set<string>();
  for (const { name } of input) add(inputs, name, "two inputs", source);
  checkNodes(node, new Set([...weights, ...inputs]), source);
}

/** The same of a function's body. */
export function checkFunction(
  { input, node }: FunctionProto,
  source: string,
): void {
  const inputs = new Set<string>();
  for (const name of input) add(inputs, name, "two inputs", source);
  checkNodes(node, inputs, source);
}

function checkNodes(
  nodes: readonly NodeProto[],
  given: ReadonlySet<string>,
  source: string,
): void {
  const made = new Set(given);
  for (const node of nodes) {
    for (const name of node.output) {
      if (name !== "") add(made, name, "two values", source);
    }
    for (const graph of subgraphsOf(node)) checkNames(graph, source);
  }
}

function add(
  names: Set<string>,
  name: string,
  what: string,
  source: string,
): void {
  if (names.has(name)) {
    throw new SyntaxError(
      `Cannot read ${source}: it has ${what} of the name ${name}, and does not ` +
        "say which is meant",
    );
  }
  names.add(name);
}
