/**
 * Writing traced graphs in onnx.proto's terms.
 *
 * @module
 */

import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  create,
  type GraphProto,
  GraphProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "./protobuf.ts";
import { bytesOf, type HostTensor, toTyped } from "../../numeric/tensor.ts";
import type { Attribute, Node, Subgraph, Value } from "../../trace/graph.ts";
import { nodesFor } from "../../trace/graph_walk.ts";
import { ONNX_TYPE } from "../../trace/operators/lowering.ts";
import type { Dim } from "../../trace/transforms/any_batch.ts";
import { checkTensor } from "../runtime/feeds.ts";

/**
 * An initializer.
 *
 * @throws {TypeError} if its elements are not those of its type and shape.
 */
export function tensorProto(name: string, tensor: HostTensor): TensorProto {
  checkTensor(tensor, `the tensor ${name}`);
  return create(TensorProtoSchema, {
    name,
    dataType: ONNX_TYPE[tensor.dtype],
    dims: tensor.shape.map(BigInt),
    rawData: bytesOf(tensor.data),
  });
}

/** A node whose output is a constant. */
export function constantNode(name: string, tensor: HostTensor): NodeProto {
  const t = tensorProto("", tensor);
  const type = AttributeType.TENSOR;
  return create(NodeProtoSchema, {
    name: `${name}/Constant`,
    opType: "Constant",
    output: [name],
    attribute: [create(AttributeProtoSchema, { name: "value", type, t })],
  });
}

/** An input of a graph. */
export function inputOf(
  name: string,
  elemType: number,
  shape: readonly Dim[],
): ValueInfoProto {
  const dim = shape.map((length) => ({
    value: typeof length === "number"
      ? { case: "dimValue" as const, value: BigInt(length) }
      : { case: "dimParam" as const, value: length },
  }));
  return create(ValueInfoProtoSchema, {
    name,
    type: {
      value: { case: "tensorType", value: { elemType, shape: { dim } } },
    },
  });
}

/** Writes one graph, its subgraphs included; names are unique throughout. */
export class GraphWriter {
  readonly #names = new Map<Value, string>();
  readonly #constants = new Map<string, NodeProto>();
  readonly #shapeOf: (value: Value) => readonly Dim[];
  readonly #counts = new Map<string, number>();
  readonly #taken: ReadonlySet<string>;

  constructor(
    shapeOf: (value: Value) => readonly Dim[],
    taken: ReadonlySet<string>,
  ) {
    this.#shapeOf = shapeOf;
    this.#taken = taken;
  }

  // An output's name belongs to the caller. Where the value is an input, a
  // constant, or has a name of its own, an Identity carries it over.
  asOutput(name: string, value: Value): [Value, NodeProto | undefined] {
    const free = value.node && value.name === undefined &&
      !this.#names.has(value);
    if (free || value.name === name && value.node) {
      this.#names.set(value, name);
      return [value, undefined];
    }
    const { dtype, shape, node } = value;
    const alias = { id: -1, dtype, shape, weak: false, ...(node && { node }) };
    this.#names.set(alias, name);
    return [
      alias,
      create(NodeProtoSchema, {
        name: `${name}/Identity`,
        opType: "Identity",
        input: [this.#nameOf(value)],
        output: [name],
      }),
    ];
  }

  graph(
    name: string,
    inputs: readonly Value[],
    outputs: readonly [Value, NodeProto | undefined][],
    initializers: readonly TensorProto[],
  ): GraphProto {
    const nodes = nodesFor(outputs.map(([value]) => value));
    const made = nodes.map((n) => this.#node(n)); // makes constants, too
    const node = [
      ...this.#constants.values(),
      ...made,
      ...outputs.flatMap(([, alias]) => alias ?? []),
    ];
    const results = new Set(outputs.map(([value]) => value));
    return create(GraphProtoSchema, {
      name,
      input: inputs.map((value) => this.#valueInfo(value)),
      output: outputs.map(([value]) => this.#valueInfo(value)),
      node,
      initializer: [...initializers],
      valueInfo: nodes.flatMap((n) => n.outputs)
        .filter((value) => !results.has(value))
        .map((value) => this.#valueInfo(value)),
    });
  }

  #node(node: Node): NodeProto {
    const output = node.outputs.map((value) => this.#nameOf(value));
    return create(NodeProtoSchema, {
      name: `${output[0]}/${node.op}`,
      opType: node.op,
      input: node.inputs.map((value) => this.#nameOf(value)),
      output,
      attribute: Object.entries(node.attributes)
        .map(([name, value]) => this.#attribute(name, value)),
    });
  }

  #attribute(name: string, value: Attribute): AttributeProto {
    const proto = create(AttributeProtoSchema, { name });
    if (typeof value === "number") {
      return Object.assign(proto, {
        type: AttributeType.INT,
        i: BigInt(value),
      });
    }
    if (typeof value === "string") {
      const s = new TextEncoder().encode(value);
      return Object.assign(proto, { type: AttributeType.STRING, s });
    }
    if ("float" in value) {
      return Object.assign(proto, {
        type: AttributeType.FLOAT,
        f: value.float,
      });
    }
    if ("graph" in value) {
      const g = this.#subgraph(value.graph);
      return Object.assign(proto, { type: AttributeType.GRAPH, g });
    }
    const ints = value.map(BigInt);
    return Object.assign(proto, { type: AttributeType.INTS, ints });
  }

  // Constants of a subgraph are written in the outermost graph: computed once,
  // not on every turn of a loop.
  #subgraph({ name, inputs, outputs, nodes }: Subgraph): GraphProto {
    return create(GraphProtoSchema, {
      name,
      input: inputs.map((value) => this.#valueInfo(value)),
      node: nodes.map((node) => this.#node(node)),
      output: outputs.map((value) => this.#valueInfo(value)),
    });
  }

  #valueInfo(value: Value): ValueInfoProto {
    const dim = this.#shapeOf(value).map((d) => ({
      value: typeof d === "number"
        ? { case: "dimValue" as const, value: BigInt(d) }
        : { case: "dimParam" as const, value: d },
    }));
    return create(ValueInfoProtoSchema, {
      name: this.#nameOf(value),
      type: {
        value: {
          case: "tensorType",
          value: { elemType: ONNX_TYPE[value.dtype], shape: { dim } },
        },
      },
    });
  }

  #nameOf(value: Value): string {
    let name = this.#names.get(value) ?? value.name;
    if (name === undefined) {
      // Numbered per operator and in order of use, so that the same function
      // gives the same file whatever was traced before it.
      const stem = value.node ? value.node.op.toLowerCase() : "constant";
      do {
        const count = this.#counts.get(stem) ?? 0;
        this.#counts.set(stem, count + 1);
        name = `${stem}_${count}`;
      } while (this.#taken.has(name));
    }
    this.#names.set(value, name);
    if (value.data && !this.#constants.has(name)) {
      const { dtype, shape } = value;
      const data = toTyped(dtype, value.data);
      this.#constants.set(name, constantNode(name, { dtype, shape, data }));
    }
    return name;
  }
}
