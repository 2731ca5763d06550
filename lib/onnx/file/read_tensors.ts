/**
 * Tensors out of files: a checkpoint's parameters, an optimizer's state.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { HostTensor } from "../../numeric/tensor.ts";
import { isExternal, readExternalData, tensorsIn } from "./external_data.ts";
import { type METADATA, metadataOf, VALUE } from "./metadata.ts";
import { decodeModel, hostTensor, type ModelProto } from "./model.ts";

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
  return tensorsOf(decodeModel(bytes, source));
}

/** A file of tensors with what lies in files beside it. */
export interface WholeTensors extends FileTensors {
  /**
   * The SHA-256 of all that was read: the file, and behind it each tensor that
   * lies beside it, in the order of the file.
   */
  readonly sum: string;
}

/**
 * Reads the initializers of an ONNX file as {@link decodeTensors} does, and those
 * that it keeps in files beside it.
 *
 * @param bytes The contents of the file.
 * @param path The file.
 * @throws {SyntaxError} if the bytes are no ONNX model, or what lies beside it is
 * not where or as large as the model says.
 * @throws {TypeError} if a tensor has an element type that groklab lacks.
 * @throws {FileError} if a file beside it cannot be read.
 */
export async function readTensors(
  bytes: Uint8Array,
  path: string,
): Promise<WholeTensors> {
  const model = decodeModel(bytes, path);
  const beside = [...tensorsIn(model)].filter(isExternal);
  await readExternalData(model, path);
  const hash = createHash("sha256").update(bytes);
  for (const { rawData } of beside) hash.update(rawData);
  return { ...tensorsOf(model), sum: hash.digest("hex") };
}

/** The initialisers of a decoded file, and what its metadata hold. */
export function tensorsOf(model: ModelProto): FileTensors {
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
