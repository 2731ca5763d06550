/** Names out of files, as the tasks print them. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { decodeModel, encodeModel } from "../../lib/onnx/file/model.ts";
import { outputOf, startProgram, withTempDir } from "./_run.ts";

// Colours, a line of its own, right to left, CSI in one character.
const NASTY = "h\x1b[31m\nerror: none\u202e.weight\x9b2J";
const PLAIN = "h\\x1b[31m\\x0aerror: none\\u{202e}.weight\\x9b2J";

const probe = (...args: string[]) => outputOf(startProgram("probe", args));

// What a terminal would obey, and JSON and lines have no need of.
const acts = (text: string) => /[^\n\P{Cc}]|\p{Cf}|\p{Zl}|\p{Zp}/u.test(text);

Deno.test("names from a file reach no terminal with their control characters", () =>
  withTempDir(async (dir) => {
    const given = new URL("../golden/pytorch_export.onnx", import.meta.url);
    const model = decodeModel(await Deno.readFile(given), "the export");
    const { initializer, node } = model.graph!;
    const weight = initializer.find(({ name }) => name === "hidden.weight")!;
    weight.name = NASTY;
    for (const { input } of node) {
      input.forEach((name, i) => {
        if (name === "hidden.weight") input[i] = NASTY;
      });
    }
    const path = join(dir, "nasty.onnx");
    await Deno.writeFile(path, encodeModel(model));

    const contents = await probe(path, "--contents");
    assertEquals(contents.code, 0, contents.stderr);
    assert(contents.stdout.includes(PLAIN), contents.stdout);
    const text = await probe(path, "--probe", "geometry");
    assertEquals(text.code, 0, text.stderr);
    assert(text.stdout.includes(PLAIN), text.stdout);
    const json = await probe(path, "--probe", "geometry", "--json");
    const { weights } = JSON.parse(json.stdout).probes.geometry;
    assert(weights.some(({ name }: { name: string }) => name === NASTY));
    const refused = await probe(
      ...[path, "--modulus", "23", "--map", "W_E=h.weight"],
    );
    assertEquals([refused.code, refused.stdout], [2, ""]);
    assertMatch(refused.stderr, /^error: [^\n]+\n$/);
    for (const { stdout, stderr } of [contents, text, json, refused]) {
      assert(!acts(stdout) && !acts(stderr), JSON.stringify(stdout + stderr));
    }
  }));
