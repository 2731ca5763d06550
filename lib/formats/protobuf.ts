/**
 * Protobuf's messages, by one name, as `lib/base/tfjs.ts` says.
 *
 * @module
 */

export {
  clone,
  create,
  createFileRegistry,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
