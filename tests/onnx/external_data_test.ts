/** Weights that lie in a file beside the model. */

import { create } from "@bufbuild/protobuf";
import {
  ModelProtoSchema,
  NodeProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation,
  TensorProtoSchema,
} from "onnx-buf";
import { assertEquals, assertRejects } from "@std/assert";
import { dirname, join } from "node:path";
import { FileError } from "../../lib/base/files.ts";
import {
  readExternalData,
  tensorsIn,
} from "../../lib/onnx/file/external_data.ts";
import { decodeModel, encodeModel } from "../../lib/onnx/file/model.ts";
import { loadProbeModel } from "../../lib/onnx/inspect/load_probe_model.ts";
import { hostTensorOf } from "../../lib/numeric/tensor.ts";
import { exportCheckpoint } from "../../lib/runs/exports/checkpoint.ts";
import { withTempDir } from "../tasks/_run.ts";
import { split, whole } from "./_beside.ts";

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

// By onnx.proto: without an offset it begins with its file, without a length it ends
// where its shape does.
Deno.test("a weight beside a model needs neither an offset of 0 nor a length", () =>
  withTempDir(async (folder) => {
    const path = await split(folder);
    const model = decodeModel(await Deno.readFile(path), path);
    for (const tensor of tensorsIn(model)) {
      tensor.externalData = tensor.externalData.filter(({ key, value }) =>
        key !== "length" && !(key === "offset" && value === "0")
      );
    }
    assertEquals(await readExternalData(model, path), true);
    const expected = decodeModel(await Deno.readFile(whole), whole);
    const bytes = (from: typeof model) =>
      [...tensorsIn(from)].map(({ name, rawData }) => [name, rawData]);
    assertEquals(bytes(model), bytes(expected));
  }));

Deno.test("weights whose file is gone are said to be", () =>
  withTempDir(async (folder) => {
    const path = await split(folder);
    await Deno.remove(`${path}.data`);
    await assertRejects(() => loadProbeModel(path), FileError, `${path}.data`);
  }));

Deno.test("weights beside a model are read by their real path, and stay there", () =>
  withTempDir(async (dir) => {
    const [home, elsewhere] = [join(dir, "home"), join(dir, "elsewhere")];
    for (const folder of [home, elsewhere]) await Deno.mkdir(folder);
    const path = await split(home);
    const data = `${path}.data`;
    const weights = async (file: string) => {
      const model = await loadProbeModel(file);
      return model.weightNames.map((name) => model.weight(name));
    };
    const wanted = await weights(path);
    // A link to another file of the folder.
    await Deno.rename(data, join(home, "blob"));
    await Deno.symlink("blob", data);
    assertEquals(await weights(path), wanted);
    // Links to the model: from a folder without the data, and from one whose links
    // to both lead to where they lie.
    const link = join(elsewhere, "link.onnx");
    await Deno.symlink(path, link);
    assertEquals(await weights(link), wanted);
    await Deno.symlink(join(home, "blob"), join(elsewhere, "model.onnx.data"));
    assertEquals(await weights(link), wanted);
    // Links that lead out of the folder, a folder on the way among them.
    await Deno.rename(join(home, "blob"), join(elsewhere, "blob"));
    await Deno.remove(data);
    await Deno.symlink(join(elsewhere, "blob"), data);
    const out = "must lie in a file beside it or below, got";
    await assertRejects(() => loadProbeModel(path), SyntaxError, out);
    await Deno.remove(data);
    await Deno.symlink("/dev/zero", data);
    await assertRejects(() => loadProbeModel(path), SyntaxError, out);
    const below = await split(home, { location: "below/blob" });
    await Deno.symlink(elsewhere, join(home, "below"));
    await assertRejects(() => loadProbeModel(below), SyntaxError, out);
  }));

Deno.test("weights beside a model that are no regular file are refused", () =>
  withTempDir(async (folder) => {
    const path = await split(folder);
    await Deno.remove(`${path}.data`);
    await new Deno.Command("mkfifo", { args: [`${path}.data`] }).output();
    const pipe = `${path}.data, where ${path} has the weight`;
    await assertRejects(() => loadProbeModel(path), FileError, pipe);
    await Deno.remove(`${path}.data`);
    await Deno.mkdir(`${path}.data`);
    await assertRejects(
      () => loadProbeModel(path),
      FileError,
      "it is a folder",
    );
  }));

Deno.test("of a large file beside a model only its weights are read", () =>
  withTempDir(async (folder) => {
    const path = await split(folder);
    const small = decodeModel(await Deno.readFile(path), path);
    await readExternalData(small, path);
    // Sparse: 20 GB that take no room, and could not be read into memory.
    await Deno.truncate(`${path}.data`, 20e9);
    const large = decodeModel(await Deno.readFile(path), path);
    await readExternalData(large, path);
    assertEquals([...tensorsIn(large)], [...tensorsIn(small)]);
    const [weight] = large.graph!.initializer;
    weight!.rawData = new Uint8Array();
    weight!.dims = [4_400_000_000n];
    weight!.dataLocation = TensorProto_DataLocation.EXTERNAL;
    weight!.externalData = [
      create(StringStringEntryProtoSchema, {
        key: "location",
        value: "model.onnx.data",
      }),
    ];
    await assertRejects(
      () => readExternalData(large, path),
      FileError,
      "17,600,000,000 bytes or more",
    );
  }));

Deno.test("external tensors are read wherever they stand", () =>
  withTempDir(async (folder) => {
    const values = Float32Array.of(1, 2, 3);
    const tensor = (at: number) =>
      create(TensorProtoSchema, {
        name: `t${at}`,
        dataType: 1,
        dims: [3n],
        dataLocation: TensorProto_DataLocation.EXTERNAL,
        externalData: Object.entries({ location: "data", length: "12" })
          .map((entry) =>
            create(StringStringEntryProtoSchema, {
              key: entry[0],
              value: entry[1],
            })
          ),
      });
    await Deno.writeFile(join(folder, "data"), new Uint8Array(values.buffer));
    const constant = (at: number) =>
      create(NodeProtoSchema, {
        opType: "Constant",
        attribute: [{ name: "value", t: tensor(at) }],
      });
    const sparse = () => ({ values: tensor(2), indices: tensor(3) });
    const model = create(ModelProtoSchema, {
      graph: {
        initializer: [tensor(0)],
        sparseInitializer: [sparse()],
        output: [{ name: "y" }],
        node: [
          constant(1),
          create(NodeProtoSchema, {
            opType: "If",
            attribute: [
              { name: "then_branch", g: { node: [constant(4)] } },
              { name: "more", graphs: [{ initializer: [tensor(5)] }] },
              { name: "sparse", sparseTensor: sparse(), tensors: [tensor(6)] },
            ],
          }),
        ],
      },
      functions: [{ name: "f", node: [constant(7)] }],
    });
    const path = join(folder, "model.onnx");
    await Deno.writeFile(path, encodeModel(model));
    assertEquals(await readExternalData(model, path), true);
    const found = [...tensorsIn(model)];
    assertEquals(found.length, 10);
    for (const { rawData, dataLocation } of found) {
      assertEquals(new Float32Array(rawData.slice().buffer), values);
      assertEquals(dataLocation, TensorProto_DataLocation.DEFAULT);
    }
  }));

Deno.test("export carries weights beside a model in", () =>
  withTempDir(async (folder) => {
    const path = await split(folder);
    for (const hooks of [[], ["relu"]]) {
      const out = join(folder, `whole${hooks.length}.onnx`);
      await exportCheckpoint(path, out, { hooks });
      const bytes = await Deno.readFile(out);
      const alone = join(folder, "alone", "model.onnx");
      await Deno.mkdir(dirname(alone), { recursive: true });
      await Deno.writeFile(alone, bytes);
      const [a, b] = [await loadProbeModel(whole), await loadProbeModel(alone)];
      assertEquals(
        b.weightNames.map((name) => b.weight(name)),
        a.weightNames.map((name) => a.weight(name)),
      );
      assertEquals(b.outputNames, [...a.outputNames, ...hooks]);
    }
  }));
