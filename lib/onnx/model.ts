/**
 * Graphs as ONNX files: a traced graph becomes a ModelProto, bytes become a
 * ModelProto and back. The protobuf work is onnx-buf's.
 *
 * @module
 */

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "onnx-buf";
import {
  type Attribute,
  type DType,
  type Graph,
  type Node,
  nodesFor,
  type Subgraph,
  type Value,
} from "../trace/graph.ts";
import { ONNX_TYPE } from "../trace/lowering.ts";
import { bytesOf, type HostTensor, toTyped, viewOf } from "./tensor.ts";

export type { GraphProto, ModelProto, NodeProto, TensorProto };

/** ONNX operator set that graphs are written in. */
export const OPSET = 18;

// The file format version that came with opset 18 (ONNX 1.13).
const IR_VERSION = 8n;

/** A length of a shape in a file: a number, or the name of a free one. */
export type Dim = number | string;

/** What a file says beyond its graph. */
export interface ModelOptions {
  /** The graph's name, shown as the title by viewers. */
  readonly name: string;
  /** Key → text pairs for metadata_props. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** The shape to declare for a value; by default its traced shape. */
  readonly shapeOf?: (value: Value) => readonly Dim[];
  /** Contents of inputs that become initializers instead, by name. */
  readonly initializers?: Readonly<Record<string, HostTensor>>;
}

/**
 * Writes a graph as a model. Only nodes that an output needs are written, and
 * every value is declared with type and shape. Constants become Constant nodes:
 * the initializers of a file are its weights and nothing else.
 *
 * @param graph The traced graph.
 * @param options Name, metadata, shapes and initializers.
 * @throws {RangeError} if an input or output has the name of another.
 */
export function modelOf(graph: Graph, options: ModelOptions): ModelProto {
  const given = options.initializers ?? {};
  const taken = new Set(graph.inputs.map((value) => value.name!));
  for (const [name] of graph.outputs) {
    if (taken.has(name)) {
      throw new RangeError(
        `Cannot write the graph ${options.name}: ${name} is the name of ` +
          "two of its inputs and outputs",
      );
    }
    taken.add(name);
  }
  const writer = new GraphWriter(
    options.shapeOf ?? ((value) => value.shape),
    taken,
  );
  const outputs = graph.outputs.map(([name, value]) =>
    writer.asOutput(name, value)
  );
  const inputs = graph.inputs.filter((value) => !(value.name! in given));
  const initializers = graph.inputs.filter((value) => value.name! in given)
    .map((value) => tensorProto(value.name!, given[value.name!]!));
  return create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: "groklab",
    opsetImport: [{ domain: "", version: BigInt(OPSET) }],
    metadataProps: Object.entries(options.metadata ?? {})
      .map(([key, value]) => ({ key, value })),
    graph: writer.graph(options.name, inputs, outputs, initializers),
  });
}

/** Serialises a model. */
export function encodeModel(model: ModelProto): Uint8Array<ArrayBuffer> {
  return toBinary(ModelProtoSchema, model) as Uint8Array<ArrayBuffer>;
}

/**
 * Parses a serialised model.
 *
 * @param bytes The contents of an .onnx file.
 * @param source What to call the file in the error message.
 * @throws {SyntaxError} if the bytes are not a model with a graph.
 */
export function decodeModel(bytes: Uint8Array, source: string): ModelProto {
  let model: ModelProto | undefined;
  try {
    model = fromBinary(ModelProtoSchema, bytes);
  } catch {
    // Not protobuf, or cut short: said below, together with the other cases.
  }
  if (!model?.graph || model.graph.output.length === 0) {
    throw new SyntaxError(
      `Cannot read ${source}: not an ONNX model, or truncated ` +
        `(${bytes.length} bytes)`,
    );
  }
  return model;
}

/** An initializer. */
export function tensorProto(name: string, tensor: HostTensor): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dataType: ONNX_TYPE[tensor.dtype],
    dims: tensor.shape.map(BigInt),
    rawData: bytesOf(tensor.data),
  });
}

/**
 * The contents of an initializer.
 *
 * @throws {TypeError} if its element type is not one that groklab computes with.
 */
export function hostTensor(proto: TensorProto): HostTensor {
  const dtype = (Object.keys(ONNX_TYPE) as DType[])
    .find((name) => ONNX_TYPE[name] === proto.dataType);
  if (!dtype || proto.externalData.length > 0) {
    throw new TypeError(
      `Cannot read the initializer ${proto.name}: ` +
        (dtype ? "its data lies in another file" : "unsupported element type"),
    );
  }
  const shape = proto.dims.map(Number);
  if (proto.rawData.length > 0) {
    return { dtype, shape, data: viewOf(dtype, proto.rawData) };
  }
  const { floatData, doubleData, int32Data, int64Data } = proto;
  // float16 is stored as bit patterns among the int32 data.
  const data = dtype === "float16"
    ? viewOf(dtype, bytesOf(Uint16Array.from(int32Data)))
    : toTyped(
      dtype,
      [floatData, doubleData, int32Data, int64Data]
        .find((field) => field.length > 0) ?? [],
    );
  return { dtype, shape, data };
}

class GraphWriter {
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
    const node = nodes.map((n) => this.#node(n));
    node.unshift(...this.#constants.values());
    node.push(...outputs.flatMap(([, alias]) => alias ?? []));
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
      const t = tensorProto("", { dtype, shape, data });
      const type = AttributeType.TENSOR;
      this.#constants.set(
        name,
        create(NodeProtoSchema, {
          name: `${name}/Constant`,
          opType: "Constant",
          output: [name],
          attribute: [create(AttributeProtoSchema, { name: "value", type, t })],
        }),
      );
    }
    return name;
  }
}
