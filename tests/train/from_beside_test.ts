/** --from files whose weights lie in files beside them. */

import { create } from "@bufbuild/protobuf";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { createHash } from "node:crypto";
import { join } from "node:path";
import {
  StringStringEntryProtoSchema,
  TensorProto_DataLocation,
} from "onnx-buf";
import { decodeModel, encodeModel } from "../../lib/onnx/file/model.ts";
import { train } from "../../lib/train/train.ts";
import { fileIn, flipBit } from "../runs/_damage.ts";
import {
  assertRefused,
  contentsOf,
  outputOf,
  startProgram,
  withTempDir,
} from "../tasks/_run.ts";

const TINY = { modulus: 5, hidden: [4], threads: 1, steps: 4, evalEvery: 2 };
const FLAGS = ["--modulus", "5", "--hidden", "4", "--threads", "1"];

const run = (...args: string[]) => outputOf(startProgram("train", args));

/** Writes a model with its weights in a file beside it, and gives their bytes. */
async function asideOf(
  file: string,
  path: string,
  change: Readonly<Record<string, string>> = {},
): Promise<Uint8Array> {
  const model = decodeModel(await Deno.readFile(file), file);
  model.metadataProps = []; // As another program's file.
  const bytes: number[] = [];
  for (const tensor of model.graph!.initializer) {
    const entries = {
      location: "weights.data",
      offset: String(bytes.length),
      length: String(tensor.rawData.length),
      ...change,
    };
    for (const byte of tensor.rawData) bytes.push(byte);
    tensor.rawData = new Uint8Array();
    tensor.dataLocation = TensorProto_DataLocation.EXTERNAL;
    tensor.externalData = Object.entries(entries).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value })
    );
  }
  await Deno.mkdir(join(path, ".."), { recursive: true });
  await Deno.writeFile(path, encodeModel(model));
  const data = Uint8Array.from(bytes);
  await Deno.writeFile(join(path, "..", "weights.data"), data);
  return data;
}

Deno.test("--from takes weights that lie beside the file, the same to the bit", () =>
  withTempDir(async (dir) => {
    const source = join(dir, "source");
    await train(TINY, { run: source });
    const checkpoint = fileIn(source, "checkpoints", 4);
    const model = join(dir, "model", "net.onnx");
    const data = await asideOf(checkpoint, model);
    const more = ["--steps", "8", ...FLAGS];
    // The same weights out of one file, with no optimizer's state either.
    const one = join(dir, "one.onnx");
    const alone = decodeModel(await Deno.readFile(checkpoint), checkpoint);
    alone.metadataProps = [];
    await Deno.writeFile(one, encodeModel(alone));
    for (const [file, name] of [[model, "a"], [one, "b"]] as const) {
      const { code, stderr } = await run(
        ...["--from", file, "--run", join(dir, name), ...more],
      );
      assertEquals(code, 0, stderr);
    }
    const weights = async (name: string) => {
      const path = fileIn(join(dir, name), "checkpoints", 8);
      const { graph } = decodeModel(await Deno.readFile(path), path);
      return graph!.initializer.map(({ name, rawData }) => [name, rawData]);
    };
    assertEquals(await weights("a"), await weights("b"));
    const config = JSON.parse(
      await Deno.readTextFile(join(dir, "a", "config.json")),
    );
    assertEquals(
      config.from.sha256,
      createHash("sha256").update(await Deno.readFile(model)).update(data)
        .digest("hex"),
    );
    // A bit of the data is another source, though the file is the same.
    await flipBit(join(dir, "model", "weights.data"), 30);
    const again = await run(
      ...["--config", join(dir, "a"), "--run", join(dir, "c")],
    );
    assertMatch(assertRefused(again, 1), /net\.onnx: its SHA-256 is .*another/);
  }));

Deno.test("--from reads nothing that lies elsewhere, or is of another size", () =>
  withTempDir(async (dir) => {
    const source = join(dir, "source");
    await train(TINY, { run: source });
    const checkpoint = fileIn(source, "checkpoints", 4);
    const cases: [name: string, change: Record<string, string>, RegExp][] = [
      [
        "above",
        { location: "../weights.data" },
        /must lie in a file beside it/,
      ],
      ["device", { location: "/dev/zero" }, /must lie in a file beside it/],
      ["short", { length: "8" }, /takes \d+ bytes, and has 8/],
      ["far", { offset: "999999" }, /offset 999999 and length/],
      ["gone", { location: "none.data" }, /none\.data/],
    ];
    for (const [name, change] of cases) {
      await asideOf(checkpoint, join(dir, name, "net.onnx"), change);
    }
    await asideOf(checkpoint, join(dir, "link", "net.onnx"));
    await Deno.rename(
      join(dir, "link", "weights.data"),
      join(dir, "secret.data"),
    );
    await Deno.symlink(
      join(dir, "secret.data"),
      join(dir, "link", "weights.data"),
    );
    cases.push(["link", {}, /which is a link to /]);
    const before = await contentsOf(dir).catch(() => undefined);
    for (const [name, , says] of cases) {
      const file = join(dir, name, "net.onnx");
      const output = await run(
        "--from",
        file,
        "--run",
        join(dir, "x"),
        ...FLAGS,
      );
      const line = assertRefused(output, 1);
      assertMatch(line, says);
      assert(line.includes(file), line);
    }
    assertEquals(await contentsOf(dir).catch(() => undefined), before);
  }));
