/**
 * Tensors out of files: a checkpoint's parameters, an optimizer's state.
 *
 * @module
 */

import { type METADATA, metadataOf, VALUE } from "./checkpoint.ts";
import { decodeModel, hostTensor } from "./model.ts";
import type { HostTensor } from "./tensor.ts";

/** What a file of tensors holds. */
export interface FileTensors {
  /** The tensors by their paths, to the last bit as they were written. */
  readonly tensors: Readonly<Record<string, HostTensor>>;
  /** What a key of the metadata holds, parsed from JSON, or undefined. */
  metadata(key: keyof typeof METADATA): unknown;
}

/**
 * Reads the initializers of an ONNX file: the parameters of a checkpoint, or
 * what `encodeTensors()` wrote.
 *
 * @param bytes The contents of the file.
 * @param source What to call it in messages.
 * @throws {SyntaxError} if the bytes are no ONNX model.
 * @throws {TypeError} if a tensor has an element type that groklab lacks.
 */
export function decodeTensors(bytes: Uint8Array, source: string): FileTensors {
  const model = decodeModel(bytes, source);
  const tensors = model.graph!.initializer.map((proto) => {
    const { name } = proto;
    const path = name.startsWith(VALUE) ? name.slice(VALUE.length) : name;
    return [path, hostTensor(proto)] as const;
  });
  return {
    tensors: Object.fromEntries(tensors),
    metadata: (key) => metadataOf(model, key),
  };
}
