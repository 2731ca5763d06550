/**
 * The messages of TensorBoard's event files, as far as groklab writes them: the
 * schema that `@bufbuild/protobuf` needs, made from a table of fields.
 *
 * Source: tensorboard/compat/proto/{event,summary,tensor,tensor_shape}.proto and
 * tensorboard/plugins/hparams/{plugin_data,api}.proto.
 *
 * @module
 */

import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  file_google_protobuf_struct,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import {
  create,
  createFileRegistry,
  type DescMessage,
  toBinary,
} from "./protobuf.ts";

// What Protobuf calls a file, and the package of its messages.
const FILE = "groklab/tensorboard.proto";
const PACKAGE = "tensorboard";

// Of each message its fields: number and type, a scalar's name or a message's.
// `repeated` stands in front, `map` is one of texts to values. Of a oneof only one
// field is ever set, and one that is set is written even if it is 0.
const MESSAGES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Event: {
    wall_time: "1 double",
    step: "2 int64",
    file_version: "3 string",
    summary: "5 Summary",
    session_log: "7 SessionLog",
    source_metadata: "10 SourceMetadata",
  },
  SourceMetadata: { writer: "1 string" },
  SessionLog: { status: "1 int32" },
  Summary: { value: "1 repeated SummaryValue" },
  SummaryValue: {
    tag: "1 string",
    simple_value: "2 optional float",
    tensor: "8 TensorProto",
    metadata: "9 SummaryMetadata",
  },
  SummaryMetadata: { plugin_data: "1 PluginData" },
  PluginData: { plugin_name: "1 string", content: "2 bytes" },
  TensorProto: { dtype: "1 int32", tensor_shape: "2 TensorShapeProto" },
  TensorShapeProto: { dim: "2 repeated Dim" },
  Dim: { size: "1 int64" },
  HParamsPluginData: {
    session_start_info: "3 SessionStartInfo",
    session_end_info: "4 SessionEndInfo",
  },
  SessionStartInfo: {
    hparams: "1 repeated HParam",
    group_name: "4 string",
    start_time_secs: "5 double",
  },
  // An entry of a map, which is nothing else on the wire.
  HParam: { key: "1 string", value: "2 google.protobuf.Value" },
  SessionEndInfo: { status: "1 int32", end_time_secs: "2 double" },
};

const SCALARS: Readonly<Record<string, Type>> = {
  bytes: Type.BYTES,
  double: Type.DOUBLE,
  float: Type.FLOAT,
  int32: Type.INT32,
  int64: Type.INT64,
  string: Type.STRING,
};

function fieldOf(name: string, text: string) {
  const words = text.split(" ");
  const [number, type] = [Number(words[0]), words.at(-1)!];
  const scalar = SCALARS[type];
  return {
    name,
    number,
    label: words.includes("repeated") ? Label.REPEATED : Label.OPTIONAL,
    ...(scalar !== undefined ? { type: scalar } : {
      type: Type.MESSAGE,
      typeName: type.includes(".") ? `.${type}` : `.${PACKAGE}.${type}`,
    }),
  };
}

const registry = createFileRegistry(
  create(FileDescriptorProtoSchema, {
    name: FILE,
    package: PACKAGE,
    // Of proto2 what is set is written, and what is not, not.
    syntax: "proto2",
    dependency: [file_google_protobuf_struct.proto.name],
    messageType: Object.entries(MESSAGES).map(([name, fields]) => ({
      name,
      field: Object.entries(fields).map(([name, text]) => fieldOf(name, text)),
    })),
  }),
  (name) =>
    name === file_google_protobuf_struct.proto.name
      ? file_google_protobuf_struct
      : undefined,
);

/** A value of a field: a message's fields by name, in camel case, or a scalar. */
export type Field =
  | string
  | number
  | boolean
  | bigint
  | Uint8Array
  | readonly Field[]
  | { readonly [name: string]: Field };

/** The names of messages that stand for themselves. */
export type MessageName = "Event" | "HParamsPluginData";

/** The schema of a message. */
export function schemaOf(name: MessageName): DescMessage {
  return registry.getMessage(`${PACKAGE}.${name}`)!;
}

/**
 * A message as Protobuf writes it.
 *
 * @param name Which one.
 * @param fields What is set in it.
 */
export function encodeMessage(
  name: MessageName,
  fields: Readonly<Record<string, Field>>,
): Uint8Array {
  const schema = schemaOf(name);
  return toBinary(schema, create(schema, fields as Record<string, unknown>));
}
