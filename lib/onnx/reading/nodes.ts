/**
 * Nodes of a file's graph: their attributes, what they read, who makes and who
 * reads a value.
 *
 * @module
 */

import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  create,
  type DescMessage,
  type GraphProto,
  GraphProtoSchema,
  type MessageInitShape,
  type MessageShape,
  type NodeProto,
  NodeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "../file/protobuf.ts";

import { readsOf } from "./node_reads.ts";

export { isFloat, isOp, readsOf, subgraphsOf, TYPE } from "./node_reads.ts";

/**
 * A message with some fields others. (Spread alone it would lose its defaults, which
 * are its prototype's.)
 */
export function changed<Schema extends DescMessage>(
  schema: Schema,
  message: MessageShape<Schema>,
  fields: Partial<MessageShape<Schema>>,
): MessageShape<Schema> {
  const { $typeName: _, ...own } = message;
  return create(
    schema,
    { ...own, ...fields } as unknown as MessageInitShape<Schema>,
  );
}

/** An input or output under another name. */
export function infoAs(info: ValueInfoProto, name: string): ValueInfoProto {
  return changed(ValueInfoProtoSchema, info, { name });
}

/** A node's attribute of a name. */
export function attributeOf(
  { attribute }: NodeProto,
  name: string,
): AttributeProto | undefined {
  return attribute.find((entry) => entry.name === name);
}

/** An integer attribute, or what it is where it is not given. */
export function intOf(
  node: NodeProto,
  name: string,
  otherwise: number,
): number {
  const found = attributeOf(node, name);
  return found ? Number(found.i) : otherwise;
}

/** The same node with names changed, those in its subgraphs, too. */
export function renamed(
  node: NodeProto,
  nameOf: (name: string) => string,
): NodeProto {
  const infos = (list: readonly ValueInfoProto[]) =>
    list.map((info) => infoAs(info, nameOf(info.name)));
  const graph = (inner: GraphProto): GraphProto =>
    changed(GraphProtoSchema, inner, {
      input: infos(inner.input),
      output: infos(inner.output),
      valueInfo: infos(inner.valueInfo),
      node: inner.node.map((other) => renamed(other, nameOf)),
    });
  return changed(NodeProtoSchema, node, {
    input: node.input.map(nameOf),
    output: node.output.map(nameOf),
    attribute: node.attribute.map((attribute) =>
      changed(AttributeProtoSchema, attribute, {
        ...(attribute.g && { g: graph(attribute.g) }),
        graphs: attribute.graphs.map(graph),
      })
    ),
  });
}

/** A node of ONNX's own operators. */
export function nodeOf(
  opType: string,
  input: readonly string[],
  output: string,
  attributes: Readonly<Record<string, number | readonly number[]>> = {},
): NodeProto {
  return create(NodeProtoSchema, {
    name: `${output}/${opType}`,
    opType,
    input: [...input],
    output: [output],
    attribute: Object.entries(attributes).map(([name, value]) =>
      typeof value === "number"
        ? create(AttributeProtoSchema, {
          name,
          type: AttributeType.INT,
          i: BigInt(value),
        })
        : create(AttributeProtoSchema, {
          name,
          type: AttributeType.INTS,
          ints: value.map(BigInt),
        })
    ),
  });
}

/** The node that makes each value. */
export function makersOf(nodes: readonly NodeProto[]): Map<string, NodeProto> {
  return new Map(
    nodes.flatMap((node) =>
      node.output.filter((name) => name !== "").map((name) => [name, node])
    ),
  );
}

/** The nodes that some values are made by, in their order. */
export function neededFor(
  nodes: readonly NodeProto[],
  outputs: readonly string[],
): NodeProto[] {
  const wanted = new Set(outputs);
  return nodes.toReversed().filter((node) => {
    if (!node.output.some((name) => wanted.has(name))) return false;
    for (const name of readsOf(node)) wanted.add(name);
    return true;
  }).toReversed();
}

/**
 * Leaves only what some values are made by.
 *
 * @returns The nodes and initializers that are left.
 */
export function pruned(
  graph: GraphProto,
  outputs: readonly string[],
): Pick<GraphProto, "node" | "initializer"> {
  const node = neededFor(graph.node, outputs);
  const read = new Set([...node.flatMap(readsOf), ...outputs]);
  return {
    node,
    initializer: graph.initializer.filter(({ name }) => read.has(name)),
  };
}
