/** Places of weights beside a model that are refused. */

import { create } from "@bufbuild/protobuf";
import { StringStringEntryProtoSchema } from "onnx-buf";
import { assertRejects } from "@std/assert";
import { join } from "node:path";
import { readExternalData } from "../../lib/onnx/file/external_data.ts";
import { decodeModel } from "../../lib/onnx/file/model.ts";
import { loadProbeModel } from "../../lib/onnx/inspect/load_probe_model.ts";
import { exportCheckpoint } from "../../lib/runs/exports/checkpoint.ts";
import { withTempDir } from "../tasks/_run.ts";
import { split } from "./_beside.ts";

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
