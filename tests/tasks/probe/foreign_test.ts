/** `deno task probe` on other tools' files, as a user runs it. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { decodeModel, encodeModel } from "../../../lib/onnx/file/model.ts";
import type { Contents, ProbeReport } from "../../../lib/probes/mod.ts";
import { golden } from "../../_golden.ts";
import { assertRefused, outputOf, startProgram, withTempDir } from "../_run.ts";

interface Case {
  readonly name: string;
  readonly expected: { readonly loss: number };
  readonly file: string;
}

const cases = await golden<Case[]>("foreign/foreign");
const probe = (...args: string[]) => outputOf(startProgram("probe", args));

/** A file of the table, by its name there. */
async function fileOf(folder: string, name: string): Promise<string> {
  const { file } = cases.find((each) => each.name === name)!;
  const path = join(folder, `${name.replaceAll(/\W/g, "-")}.onnx`);
  await Deno.writeFile(path, Uint8Array.fromBase64(file));
  return path;
}

const lossOf = (name: string) =>
  cases.find((each) => each.name === name)!.expected.loss.toPrecision(4);

Deno.test("probe takes the logits before a softmax, and says so", () =>
  withTempDir(async (folder) => {
    const path = await fileOf(folder, "Softmax, Identity and Cast");
    const { code, stdout, stderr } = await probe(path, "--modulus", "7");
    assertEquals(code, 0, stderr);
    assertStringIncludes(stdout, "logits are z, before Softmax");
    const loss = Number(lossOf("Softmax, Identity and Cast"));
    assertStringIncludes(stdout, `all pairs: loss ${loss.toExponential(3)},`);
  }));

Deno.test("probe gives inputs what it is told, and reads the output it is told", () =>
  withTempDir(async (folder) => {
    const masked = "a mask of 1 beside the tokens, as told";
    const path = await fileOf(folder, masked);
    const told = ["--modulus", "7", "--probe", "progress", "--json"];
    const inputs = ["--input", "tokens=tokens", "--input", "mask=1"];
    const { code, stdout, stderr } = await probe(path, ...told, ...inputs);
    assertEquals(code, 0, stderr);
    const report = JSON.parse(stdout) as ProbeReport;
    assertEquals(
      report.probes.progress!.full.loss.toPrecision(4),
      lossOf(masked),
    );
    assertEquals(report.notes, [
      "of a row a,b tokens gets tokens, mask gets 1",
    ]);
    const untold = assertRefused(await probe(path, ...told), 2);
    assertStringIncludes(untold, "--input must say");
    assertStringIncludes(untold, "--input tokens=tokens:0");
    const heads = await fileOf(folder, "two heads, the second");
    assertStringIncludes(
      assertRefused(await probe(heads, ...told), 2),
      "first and second have 7 classes each",
    );
    const second = await probe(heads, ...told, "--output", "second");
    assertEquals(
      (JSON.parse(second.stdout) as ProbeReport).probes.progress!.full.loss
        .toPrecision(4),
      lossOf("two heads, the second"),
    );
  }));

Deno.test("probe leaves out what needs weights that it cannot read, and names them", () =>
  withTempDir(async (folder) => {
    const path = await fileOf(folder, "QLinearMatMul");
    const { code, stdout } = await probe(path, "--modulus", "7", "--json");
    assertEquals(code, 0);
    const { probes, skipped } = JSON.parse(stdout) as ProbeReport;
    const why = "QLinearMatMul multiplies with quantised weights";
    for (const name of ["geometry", "logit-scaling"] as const) {
      assertStringIncludes(skipped[name]!, why);
    }
    assertEquals(
      probes.progress!.full.loss.toPrecision(4),
      lossOf("QLinearMatMul"),
    );
    const contents = await probe(path, "--contents");
    assertStringIncludes(contents.stdout, `cannot be read\n  ${why}`);
    const json = await probe(path, "--contents", "--json");
    assertEquals((JSON.parse(json.stdout) as Contents).unread, [why]);
  }));

Deno.test("probe lists floats that are no weights with the reason", () =>
  withTempDir(async (folder) => {
    const path = await fileOf(folder, "a second class of −10⁹ by a mask");
    const { stdout } = await probe(path, "--contents");
    const [, section = ""] = stdout.split("floats that are no weights\n");
    assertEquals(section.trim().split(/\s{2,}/), ["mask", "a mask"]);
  }));

Deno.test("a file that has no row for a token is probed but for what runs it", () =>
  withTempDir(async (folder) => {
    const path = await fileOf(folder, "initializers");
    const model = decodeModel(await Deno.readFile(path), path);
    const embedding = model.graph!.initializer.find(({ name }) =>
      name === "E"
    )!;
    embedding.dims = [6n, 6n];
    embedding.rawData = embedding.rawData.slice(0, 6 * 6 * 4);
    await Deno.writeFile(path, encodeModel(model));
    const { code, stdout } = await probe(path, "--modulus", "7", "--json");
    assertEquals(code, 0);
    const { probes, skipped } = JSON.parse(stdout) as ProbeReport;
    assertEquals(Object.keys(probes), ["geometry"]);
    assertStringIncludes(skipped.progress!, "lies outside its axis");
  }));

const torn: Record<string, (bytes: Uint8Array) => Uint8Array> = {
  "too short": (bytes) => bytes.slice(0, 40),
  "of half a number": (bytes) => bytes.slice(0, 41),
  "too long": (bytes) => Uint8Array.of(...bytes, 0, 0, 0, 0),
};

for (const [how, cut] of Object.entries(torn)) {
  Deno.test(`a weight whose data are ${how} is refused in one line`, () =>
    withTempDir(async (folder) => {
      const path = await fileOf(folder, "initializers");
      const model = decodeModel(await Deno.readFile(path), path);
      const head = model.graph!.initializer.find(({ name }) => name === "U")!;
      head.rawData = cut(head.rawData) as Uint8Array<ArrayBuffer>;
      await Deno.writeFile(path, encodeModel(model));
      const line = assertRefused(await probe(path, "--modulus", "7"), 1);
      assertStringIncludes(line, "Cannot read the initializer U");
      assert(line.includes("84 elements of float32"), line);
    }));
}
