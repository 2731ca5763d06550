/** Weights in a file beside the model, as PyTorch's exporter writes them. */

import { create } from "@bufbuild/protobuf";
import {
  StringStringEntryProtoSchema,
  TensorProto_DataLocation,
} from "onnx-buf";
import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { FileError } from "../../lib/files.ts";
import { decodeModel, encodeModel } from "../../lib/onnx/model.ts";
import { loadProbeModel } from "../../lib/onnx/probe_model.ts";
import { hostTensorOf } from "../../lib/onnx/tensor.ts";
import { withTempDir } from "../tasks/_run.ts";

const whole =
  new URL("../golden/pytorch_export.onnx", import.meta.url).pathname;

/** The same model with its weights in a file, one behind the other. */
async function split(
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

Deno.test("weights beside a model are the model's, and it runs", () =>
  withTempDir(async (folder) => {
    const tokens = hostTensorOf("int64", [2, 2], [1, 2, 22, 0]);
    const outputs = [];
    for (const path of [whole, await split(folder)]) {
      const model = await loadProbeModel(path, { threads: 1 });
      const [name] = model.inputNames;
      outputs.push({
        weights: model.weightNames.map((name) => model.weight(name)),
        logits: await model.run({ [name!]: tokens }),
      });
      await model.close();
    }
    assertEquals(outputs[1], outputs[0]);
  }));

const refused: Record<string, Record<string, string>> = {
  "above the model": { location: "../secret" },
  "anywhere on the disk": { location: "/etc/hostname" },
  "nowhere": { location: "" },
  "longer than its file": { offset: "1", length: "99999999" },
  "before its file": { offset: "-4" },
};

for (const [where, change] of Object.entries(refused)) {
  Deno.test(`a weight ${where} is refused`, () =>
    withTempDir(async (folder) => {
      const path = await split(folder, change);
      await assertRejects(() => loadProbeModel(path), SyntaxError, path);
    }));
}

Deno.test("weights whose file is gone are said to be", () =>
  withTempDir(async (folder) => {
    const path = await split(folder);
    await Deno.remove(`${path}.data`);
    await assertRejects(() => loadProbeModel(path), FileError, `${path}.data`);
  }));
