/**
 * Weights that an ONNX file keeps in files beside it, as PyTorch's exporter writes
 * them unless it is told otherwise.
 *
 * Source: onnx.proto, `TensorProto.external_data`.
 *
 * @module
 */

import { dirname, isAbsolute, join, normalize } from "node:path";
import { TensorProto_DataLocation } from "onnx-buf";
import { describing } from "../files.ts";
import type { ModelProto } from "./model.ts";

/**
 * Reads a model's external weights into it, in place.
 *
 * @param model The model.
 * @param path The file that it comes from.
 * @throws {FileError} if a file beside it cannot be read.
 * @throws {SyntaxError} if one lies elsewhere than beside it or below, or ends
 * before the weight does.
 */
export async function readExternalData(
  model: ModelProto,
  path: string,
): Promise<void> {
  const files = new Map<string, Uint8Array>();
  for (const tensor of model.graph!.initializer) {
    if (tensor.dataLocation !== TensorProto_DataLocation.EXTERNAL) continue;
    const of = (wanted: string) =>
      tensor.externalData.find(({ key }) => key === wanted)?.value;
    const location = normalize(of("location") ?? "");
    // A file from elsewhere must not have any file of the disk read.
    if (isAbsolute(location) || location.startsWith("..") || location === ".") {
      throw new SyntaxError(
        `Cannot read ${path}: the weight ${tensor.name} must lie in a file ` +
          `beside it or below, got ${JSON.stringify(of("location"))}`,
      );
    }
    const file = join(dirname(path), location);
    const bytes = files.get(file) ??
      await describing(
        `read ${file}, where ${path} has the weight ${tensor.name}`,
        () => Deno.readFile(file),
      );
    files.set(file, bytes);
    const from = Number(of("offset") ?? 0);
    const to = from + Number(of("length") ?? bytes.length - from);
    if (!(from >= 0 && from <= to && to <= bytes.length)) {
      throw new SyntaxError(
        `Cannot read ${path}: its weight ${tensor.name} is bytes ${from} to ` +
          `${to} of ${file}, which has ${bytes.length}`,
      );
    }
    tensor.rawData = bytes.slice(from, to);
    tensor.externalData = [];
    tensor.dataLocation = TensorProto_DataLocation.DEFAULT;
  }
}
