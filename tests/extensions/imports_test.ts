// What an extension imports: read off its text, and refused where Deno would fetch
// it, before it does.

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { UsageError } from "../../lib/base/errors.ts";
import { fetchProblem } from "../../lib/extensions/fetched.ts";
import { importsIn } from "../../lib/extensions/imports.ts";
import { importExtension } from "../../lib/extensions/load.ts";
import {
  assertRefused,
  contentsOf,
  outputOf,
  startProgram,
  withTempDir,
} from "../tasks/_run.ts";

const TEXT = String.raw`// import "in a comment";
/* import "in another"; */ import "a";
import b from 'b'; import c, { type X, d } from "c" with { type: "json" };
import * as e from "d"
import type { E } from "erased"; import type F from "erased"; import type from from "erased";
import type from "e"; import type, { h } from "f"; import type * as g from "erased";
export * from "g"; export * as jj from "h"; export { k } from "i";
export type { L } from "erased"; export type * from "erased";
export { z }; const from = "no import";
const s = "import 'a text'", r = /import "["/]/, q = 4 / 2 / "import 'x'".length;
const t = ${"`"}import "a template" ${"${"}await import("j")} "x" ${"`"};
await import(${"`"}k${"`"}); obj.import("a method"); import.meta.resolve("no import");
import("l", { with: { type: "json" } }); [...import("m")];
import { "a b" as p } from "n"; import.defer("o");
import(named); import("p" + q); import("\u0061");
export default { import: 3, export: "x" }; export function f() {}
`;

Deno.test("importsIn() finds every import that is carried out, and no other", () => {
  const found = importsIn(TEXT);
  assertEquals(
    found.map(({ specifier }) => specifier ?? "?").join(""),
    "abcdefghijklmno???",
  );
  assertEquals(
    found.map(({ line }) => line),
    [2, 3, 3, 4, 6, 6, 7, 7, 7, 11, 12, 13, 13, 14, 14, 15, 15, 15],
  );
  assertEquals(importsIn("/** @jsxImportSource npm:preact@10 */\n<a/>"), [
    { specifier: "npm:preact@10", line: 1 },
  ]);
});

const FETCHED: Record<string, string> = {
  'import "npm:leftpad@1.0.0";': 'imports "npm:leftpad@1.0.0", which Deno wo',
  'import { zip } from "npm:fflate";': 'imports "npm:fflate", which Deno would',
  'export * from "jsr:@std/math";': 'imports "jsr:@std/math", which Deno would',
  'await import("https://esm.sh/d3");': 'imports "https://esm.sh/d3", which De',
  'import { type A } from "NPM:x";': 'imports "NPM:x", which Deno would fetch',
  'import x from "data:text/javascript,1";': "code that is in no file",
  'import x from "left-pad";': "which is no name that groklab has",
  'const f = (x: string) => import("npm:" + x);': "imports what it computes",
};

Deno.test("what Deno would fetch for an extension is refused, with file and line, and not fetched", () =>
  withTempDir(async (dir) => {
    const [path, other] = [join(dir, "lab.ts"), join(dir, "sub/other.ts")];
    await Deno.mkdir(join(dir, "sub"));
    const lab = 'throw new Error("it ran");\n';
    for (const [line, why] of Object.entries(FETCHED)) {
      await Deno.writeTextFile(path, `${lab}\n${line}`);
      const error = await assertRejects(
        () => importExtension(path, { fetches: false }),
        UsageError,
        why,
      );
      assert(error.message.includes(`${path}: lab.ts:3 imports `));
      assertMatch(error.message, /make a project of your own/);
      // Of a module that it imports.
      await Deno.writeTextFile(path, `import "./sub/other.ts";`);
      await Deno.writeTextFile(other, `export * from "../lab.ts";\n${line}`);
      const problem = fetchProblem(pathToFileURL(path).href);
      assert(problem!.startsWith("sub/other.ts:2 imports "), problem);
      assert(problem!.includes(why), problem);
    }
    // A script's own project may have them.
    await Deno.writeTextFile(path, `${lab}import "data:text/javascript,1";`);
    await assertRejects(() => importExtension(path), UsageError, "it ran");
  }));

Deno.test("what groklab has, files, node: modules and types alone are imported", () =>
  withTempDir(async (dir) => {
    const files = {
      "lab.ts": [
        'import * as tf from "@tensorflow/tfjs-core";',
        'import { zipSync } from "npm:fflate@0.8.3";',
        'import { defineExtension, tasks } from "@groklab/groklab";',
        'import { readFileSync } from "node:fs";',
        'import type { X } from "npm:leftpad@1.0.0";',
        'export type { Y } from "https://localhost/x.ts";',
        'import data from "./data.json" with { type: "json" };',
        'export { one } from "./sub/one.ts";',
        "// import \"npm:leftpad\"; const { a } = require('npm:leftpad');",
        "if (!tf.tensor || !zipSync || !readFileSync || data.one !== 1) {",
        '  throw new Error("not there");',
        "}",
        "export default defineExtension({ tasks: { again: tasks.add } });",
      ].join("\n"),
      "data.json": '{ "one": 1, "import": "npm:leftpad" }',
      "sub/one.ts": 'export const one: number = 1; import "../lab.ts";',
    };
    await Deno.mkdir(join(dir, "sub"));
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(join(dir, name), text);
    }
    const path = join(dir, "lab.ts");
    const { extension } = await importExtension(path, { fetches: false });
    assertEquals(Object.keys(extension.tasks!), ["again"]);
  }));

Deno.test("an extension that wants a package leaves groklab's folder as it is", () =>
  withTempDir(async (dir) => {
    const root = new URL("../../", import.meta.url);
    const state = async () => [
      await Deno.readTextFile(new URL("deno.lock", root)),
      [...Deno.readDirSync(new URL("node_modules/.deno", root))]
        // Of its own Deno has a lock there while it looks.
        .map(({ name }) => name).filter((name) => !name.startsWith(".")).sort(),
    ];
    const before = await state();
    await Deno.writeTextFile(join(dir, "lab.ts"), 'import "npm:fflate";');
    for (const task of ["train", "probe", "report"] as const) {
      const output = await outputOf(
        startProgram(task, ["--out", "x", "--use", join(dir, "lab.ts")]),
      );
      assertMatch(assertRefused(output, 2), /lab\.ts:1 imports "npm:fflate", /);
    }
    assertEquals(await state(), before);
    assertEquals(Object.keys(await contentsOf(dir)), [join(dir, "lab.ts")]);
  }));

Deno.test("a module that never comes to its end, and a file that is no module, are refused", () =>
  withTempDir(async (dir) => {
    const path = join(dir, "lab.ts");
    await Deno.writeTextFile(
      path,
      "await new Promise((done) => setTimeout(done, 200));",
    );
    await assertRejects(
      () => importExtension(path, { within: 0.05 }),
      UsageError,
      `${path}: loading it has not come to its end after 0.05 s: an await`,
    );
    // Deno's own watch of its tests would call one that never ends an error. Asked
    // for again while it is loaded, Deno 2.9.6 panicked now and then: so not before.
    await delay(400);
    await assertRejects(() => importExtension(path), UsageError, "no default");
    await Deno.writeTextFile(join(dir, "lab.txt"), "hello");
    await assertRejects(
      () => importExtension(join(dir, "lab.txt")),
      UsageError,
      "lab.txt: it is no module: the name of one ends in .ts or .js",
    );
    await Deno.writeTextFile(
      join(dir, "later.ts"),
      'import { defineExtension } from "@groklab/groklab";\n' +
        "export default Promise.resolve(defineExtension({}));",
    );
    await assertRejects(
      () => importExtension(join(dir, "later.ts")),
      UsageError,
      "its default export is no extension but a promise (await is missing)",
    );
  }));
