/** Weights in a file beside the model, as PyTorch's exporter writes them. */

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
import { exportCheckpoint } from "../../lib/runs/export.ts";
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

const refused: Record<string, Record<string, string>> = {
  "above the model": { location: "../secret" },
  "anywhere on the disk": { location: "/etc/hostname" },
  "nowhere": { location: "" },
  "longer than its file": { offset: "1", length: "99999999" },
  "before its file": { offset: "-4" },
  "behind its file": { offset: "99999999" },
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

const numbers: Record<string, Record<string, string>> = {
  "no number": { offset: "1e2" },
  "in other digits": { length: "0x10" },
  "empty": { length: "" },
};

for (const [what, change] of Object.entries(numbers)) {
  Deno.test(`a place in a file that is ${what} is refused`, () =>
    withTempDir(async (folder) => {
      const path = await split(folder, change);
      await assertRejects(
        () => loadProbeModel(path),
        SyntaxError,
        "has offset",
      );
    }));
}

const wrong: readonly [
  what: string,
  change: Readonly<Record<string, string>>,
  said: string,
][] = [
  [
    "a length that its shape does not have",
    { offset: "0", length: "8" },
    "takes",
  ],
  [
    "a NUL in its place",
    { location: "model.onnx.data\0" },
    "must lie in a file",
  ],
];

for (const [what, change, said] of wrong) {
  Deno.test(`a weight with ${what} is refused, and not exported`, () =>
    withTempDir(async (folder) => {
      const path = await split(folder, change);
      const out = join(folder, "out.onnx");
      await assertRejects(() => loadProbeModel(path), SyntaxError, said);
      await assertRejects(() => exportCheckpoint(path, out), SyntaxError, said);
      await assertRejects(() => Deno.stat(out), Deno.errors.NotFound);
    }));
}

Deno.test("the file beside a model has the SHA-1 that a weight says, or is refused", () =>
  withTempDir(async (folder) => {
    // The sum by Python: hashlib.sha1(open("model.onnx.data", "rb").read())
    const checksum = "0b12ec8ec9ee1116767a8ccdd4857b18071bfb05";
    for (const given of [checksum, checksum.toUpperCase()]) {
      const model = await loadProbeModel(
        await split(folder, { checksum: given }),
      );
      await model.close();
    }
    const path = await split(folder, { checksum });
    const out = join(folder, "out.onnx");
    const data = await Deno.readFile(`${path}.data`);
    // One bit of a weight; one byte that no weight has.
    const flipped = data.slice();
    flipped[7]! ^= 1;
    const longer = new Uint8Array(data.length + 1);
    longer.set(data);
    for (const bytes of [flipped, longer]) {
      await Deno.writeFile(`${path}.data`, bytes);
      const said = `says ${checksum}`;
      await assertRejects(() => loadProbeModel(path), SyntaxError, said);
      await assertRejects(() => exportCheckpoint(path, out), SyntaxError, said);
    }
    for (const bad of ["", "none", checksum.slice(1)]) {
      const torn = await split(folder, { checksum: bad });
      await assertRejects(() => loadProbeModel(torn), SyntaxError, "40 hex");
    }
    await assertRejects(() => Deno.stat(out), Deno.errors.NotFound);
  }));

Deno.test("a place that is given twice, or beside the data, is refused", () =>
  withTempDir(async (folder) => {
    const path = await split(folder);
    const twice = decodeModel(await Deno.readFile(path), path);
    const [first] = twice.graph!.initializer;
    first!.externalData.push(
      create(StringStringEntryProtoSchema, { key: "location", value: "other" }),
    );
    await assertRejects(
      () => readExternalData(twice, path),
      SyntaxError,
      "gives its location 2 times",
    );
    const both = decodeModel(await Deno.readFile(path), path);
    both.graph!.initializer[0]!.rawData = new Uint8Array(4);
    await assertRejects(
      () => readExternalData(both, path),
      SyntaxError,
      "in the file and beside it",
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
