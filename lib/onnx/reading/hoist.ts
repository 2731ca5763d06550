/**
 * Constants that branches and bodies of loops compute, computed outside of them.
 *
 * @module
 */

import { append } from "../../base/extremes.ts";
import {
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  type NodeProto,
  NodeProtoSchema,
} from "../file/protobuf.ts";
import { draws } from "./constant_values.ts";
import { changed, infoAs, nodeOf, readsOf, subgraphsOf } from "./nodes.ts";

/**
 * Moves nodes that read constants alone out of the graphs inside a graph.
 *
 * @param graph A flat graph; it stays as it is.
 */
export function hoisted(graph: GraphProto): GraphProto {
  const constants = new Set(graph.initializer.map(({ name }) => name));
  const node: NodeProto[] = [];
  for (const each of graph.node) append(node, emptied(each, constants));
  return changed(GraphProtoSchema, graph, { node });
}

const isConstant = (node: NodeProto, constants: ReadonlySet<string>) => {
  const reads = readsOf(node);
  return reads.length > 0 && !draws(node) &&
    reads.every((name) => constants.has(name));
};

// What stood in it and is constant, and the node itself behind that.
function emptied(node: NodeProto, constants: Set<string>): NodeProto[] {
  if (subgraphsOf(node).length === 0) {
    if (isConstant(node, constants)) {
      for (const name of node.output) constants.add(name);
    }
    return [node];
  }
  const out: NodeProto[] = [];
  const empty = (inner: GraphProto): GraphProto => {
    const kept: NodeProto[] = [];
    for (const each of inner.node.flatMap((n) => emptied(n, constants))) {
      const leaves = isConstant(each, constants);
      (leaves ? out : kept).push(each);
      if (leaves) each.output.forEach((name) => constants.add(name));
    }
    const made = new Set([
      ...inner.input.map(({ name }) => name),
      ...kept.flatMap(({ output }) => output),
    ]);
    const output = inner.output.map((info) => {
      if (made.has(info.name)) return info;
      kept.push(nodeOf("Identity", [info.name], `${info.name}/inside`));
      return infoAs(info, `${info.name}/inside`);
    });
    return changed(GraphProtoSchema, inner, { node: kept, output });
  };
  const attribute = node.attribute.map((entry) =>
    changed(AttributeProtoSchema, entry, {
      ...(entry.g && { g: empty(entry.g) }),
      graphs: entry.graphs.map(empty),
    })
  );
  const left = changed(NodeProtoSchema, node, { attribute });
  if (isConstant(left, constants)) {
    left.output.forEach((name) => constants.add(name));
  }
  return [...out, left];
}
