/**
 * The messages that ONNX files are made of, and what makes, copies, reads and
 * writes them: onnx-buf's and Protobuf's, by one name, as `lib/base/tfjs.ts` says.
 *
 * @module
 */

export {
  clone,
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "../../formats/protobuf.ts";
export * from "onnx-buf";
