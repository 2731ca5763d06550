/**
 * A model whose weights lie beside it.
 *
 * @module
 */

import { create } from "@bufbuild/protobuf";
import {
  StringStringEntryProtoSchema,
  TensorProto_DataLocation,
} from "onnx-buf";
import { join } from "node:path";
import { decodeModel, encodeModel } from "../../lib/onnx/file/model.ts";

export const whole =
  new URL("../golden/pytorch_export.onnx", import.meta.url).pathname;

/** The same model with its weights in a file, one behind the other. */
export async function split(
  folder: string,
  change: Readonly<Record<string, string>> = {},
): Promise<string> {
  const model = decodeModel(await Deno.readFile(whole), whole);
  const bytes: number[] = [];
  for (const tensor of model.graph!.initializer) {
    const entries = {
      location: "model.onnx.data",
      offset: String(bytes.length),
      length: String(tensor.rawData.length),
      ...change,
    };
    bytes.push(...tensor.rawData);
    tensor.rawData = new Uint8Array();
    tensor.dataLocation = TensorProto_DataLocation.EXTERNAL;
    tensor.externalData = Object.entries(entries).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value })
    );
  }
  const path = join(folder, "model.onnx");
  await Deno.writeFile(path, encodeModel(model));
  await Deno.writeFile(`${path}.data`, Uint8Array.from(bytes));
  return path;
}
