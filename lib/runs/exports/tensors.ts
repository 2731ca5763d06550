/**
 * The tensors of checkpoints in the formats of other tools.
 *
 * @module
 */

import { sha256 } from "../../base/sums.ts";
import { encodeNpz } from "../../formats/npz.ts";
import { encodeSafetensors } from "../../formats/safetensors.ts";
import { METADATA, metadataOf } from "../../onnx/file/metadata.ts";
import type { ModelProto } from "../../onnx/file/model.ts";
import { tensorsOf } from "../../onnx/file/read_tensors.ts";
import { version } from "../manifest.ts";
import { lensModel } from "./transformer_lens.ts";

/** Formats of tensors alone, without the graph. */
export type TensorFormat = "safetensors" | "npz";

/**
 * The initialisers of a checkpoint in another format, with what the checkpoint
 * says of itself: `groklab` (the version that exported it), `sha256` (of the
 * checkpoint's file), `config`, `step`, `metrics` and `buffers`, as far as they
 * are there, and `transformer_lens`, the config of TransformerLens's model. In
 * safetensors all but the first two are JSON.
 *
 * @param bytes The checkpoint's file.
 * @param model The same, decoded, with what lies beside it.
 * @param path The file, for messages.
 * @param format The format.
 * @param lens Whether the names are TransformerLens's.
 * @throws {UsageError} if TransformerLens has no such model.
 * @throws {TypeError} if a tensor has a type that groklab lacks.
 */
export function encodeIn(
  { bytes, model, path }: {
    readonly bytes: Uint8Array;
    readonly model: ModelProto;
    readonly path: string;
  },
  format: TensorFormat,
  lens: boolean,
): Uint8Array<ArrayBuffer> {
  const own = tensorsOf(model).tensors;
  const keys = Object.keys(METADATA) as (keyof typeof METADATA)[];
  const said = Object.fromEntries(
    keys.map((key) => [key, metadataOf(model, key)] as const)
      .filter(([, value]) => value !== undefined),
  );
  const other = lens ? lensModel(own, said["config"], path) : undefined;
  const tensors = other?.tensors ?? own;
  const metadata = {
    groklab: version,
    sha256: sha256(bytes),
    ...said,
    ...(other && { transformer_lens: other.config }),
  };
  if (format === "npz") return encodeNpz(tensors, metadata);
  return encodeSafetensors(
    tensors,
    Object.fromEntries(
      Object.entries(metadata).map(([key, value]) => [
        key,
        typeof value === "string" ? value : JSON.stringify(value),
      ]),
    ),
  );
}
