/**
 * Graphs as ONNX files: a traced graph becomes a ModelProto, bytes become a
 * ModelProto and back. The protobuf work is onnx-buf's.
 *
 * @module
 */

import {
  create,
  fromBinary,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
  toBinary,
} from "./protobuf.ts";
import {
  anything,
  bytesCheck,
  callback,
  checkArgument,
  checkOptions,
  type Checks,
  text,
} from "../../base/options.ts";
import {
  bytesOf,
  type DType,
  type HostData,
  type HostTensor,
  sizeOf,
  toTyped,
  viewOf,
  widthOf,
} from "../../numeric/tensor.ts";
import type { Graph, Value } from "../../trace/graph.ts";
import { ONNX_TYPE } from "../../trace/operators/lowering.ts";
import type { Dim } from "../../trace/transforms/any_batch.ts";
import { GraphWriter, tensorProto } from "./graph_writer.ts";
import { checkModelSize } from "./size.ts";

export { tensorProto } from "./graph_writer.ts";
export { type Dim } from "../../trace/transforms/any_batch.ts";
export type { GraphProto, ModelProto, NodeProto, TensorProto };

/** ONNX operator set that graphs are written in. */
export const OPSET = 18;

// The file format version that came with opset 18 (ONNX 1.13).
const IR_VERSION = 8n;

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

const MODEL: Checks<ModelOptions> = {
  name: text,
  metadata: anything,
  shapeOf: callback,
  initializers: anything,
};

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
  checkOptions("modelOf()", options, MODEL);
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

/**
 * Serialises a model.
 *
 * @param model The model, as modelOf() makes it.
 */
export function encodeModel(model: ModelProto): Uint8Array<ArrayBuffer> {
  return toBinary(ModelProtoSchema, model) as Uint8Array<ArrayBuffer>;
}

/**
 * Parses a serialised model.
 *
 * @param bytes The contents of an .onnx file.
 * @param source What to call the file in the error message.
 * @throws {FileError} if parsing it would take more memory than is given to it.
 * @throws {SyntaxError} if the bytes are not a model with a graph.
 */
export function decodeModel(bytes: Uint8Array, source: string): ModelProto {
  checkArgument("decodeModel()", "bytes", bytes, bytesCheck);
  checkModelSize(bytes, source);
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

/**
 * The contents of an initializer.
 *
 * @throws {TypeError} if its element type is not one that groklab computes with.
 * @throws {SyntaxError} if it has another number of elements than its shape.
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
  const { rawData } = proto;
  const whole = rawData.length % widthOf(dtype) === 0;
  const data = rawData.length > 0 && whole
    ? viewOf(dtype, rawData)
    : fieldsOf(proto, dtype);
  if (whole && data.length === sizeOf(shape)) return { dtype, shape, data };
  throw new SyntaxError(
    `Cannot read the initializer ${proto.name}: of shape [${shape}] it must have ` +
      `${sizeOf(shape)} elements of ${dtype}, got ` +
      (whole ? data.length : `${rawData.length} bytes`),
  );
}

function fieldsOf(proto: TensorProto, dtype: DType): HostData {
  const { floatData, doubleData, int32Data, int64Data, uint64Data } = proto;
  // float16 is stored as bit patterns among the int32 data.
  if (dtype === "float16") {
    return viewOf(dtype, bytesOf(Uint16Array.from(int32Data)));
  }
  const fields = [floatData, doubleData, int32Data, int64Data, uint64Data];
  return toTyped(dtype, fields.find((field) => field.length > 0) ?? []);
}
