/**
 * The entry points: few names at the root, each written out and listed in
 * docs/library.md; all names of all entries documented.
 */

import { assert, assertEquals } from "@std/assert";
import { dirname, join } from "node:path/posix";
import { fileURLToPath } from "node:url";
import deno from "../deno.json" with { type: "json" };

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const read = (path: string) => Deno.readTextFile(join(ROOT, path));

const entries: [name: string, file: string][] = Object.entries(deno.exports)
  .map(([name, path]) => [name, path.slice("./".length)]);

// Comments have examples, which may export too.
const code = (text: string) => text.replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, "");

/** The names that a module exports, and what it exports by a star. */
function exportsOf(text: string): { names: string[]; stars: string[] } {
  const bare = code(text);
  const lists = [...bare.matchAll(/^export\s+(?:type\s+)?\{([^}]*)\}/gm)];
  const own = bare.matchAll(
    /^export\s+(?:async\s+)?(?:const|function\*?|class|type|interface)\s+(\w+)/gm,
  );
  return {
    names: [
      ...lists.flatMap(([, list]) =>
        list!.split(",").map((item) => item.trim()).filter(Boolean)
          .map((item) => item.replace(/^type\s+/, "").replace(/^.* as /, ""))
      ),
      ...[...own].map(([, name]) => name!),
    ],
    stars: [...bare.matchAll(/^export\s+\*.*/gm)].map(([line]) => line),
  };
}

Deno.test("the root has at most 130 names, each written out and listed in docs/library.md", async () => {
  const { names } = exportsOf(await read("mod.ts"));
  assert(names.length <= 130, `${names.length} names`);
  const [, section = ""] = (await read("docs/library.md")).split(
    "## The root\n",
  );
  const [list = ""] = section.split("\n## ");
  const listed = [...list.matchAll(/`(\w+)`/g)].map(([, name]) => name!);
  assertEquals(listed.toSorted(), names.toSorted());
});

Deno.test("what is at the root is in the entry of its subject, too", async () => {
  const all = new Set<string>();
  for (const [, file] of entries.slice(1)) {
    for (const name of exportsOf(await read(file)).names) all.add(name);
  }
  // Of no subject: settings, and errors of everything.
  const lists = code(await read("mod.ts")).matchAll(
    /\{([^}]*)\} from "\.\/(?!lib\/settings\/|lib\/base\/)[^"]+"/g,
  );
  const names = [...lists].flatMap(([list]) =>
    exportsOf(`export ${list};`).names
  );
  assert(names.length > 80);
  assertEquals(names.filter((name) => !all.has(name)), []);
});

Deno.test("no entry exports by a star or twice", async () => {
  for (const [name, file] of entries) {
    const { names, stars } = exportsOf(await read(file));
    assertEquals(stars, [], name);
    assert(names.length > 0, name);
    assertEquals(names.toSorted(), [...new Set(names)].toSorted(), name);
  }
});

Deno.test("names and stars would be found", () => {
  assertEquals(
    exportsOf(
      [
        "/** export { no } */",
        'export { a, type B, c as d } from "./a.ts";',
        'export type { E } from "./e.ts";',
        'export * from "./f.ts"; // export { no }',
        "export async function g() {}",
        "export const h = 1;",
      ].join("\n"),
    ),
    {
      names: ["a", "B", "d", "E", "g", "h"],
      stars: ['export * from "./f.ts"; '],
    },
  );
});

Deno.test("every entry can be imported here too, is linted, and is in docs/library.md", async () => {
  const imports: Readonly<Record<string, string>> = deno.imports;
  const text = await read("docs/library.md");
  const linted = deno.tasks["doc-lint"].command.split(" ");
  for (const [name, file] of entries) {
    const specifier = `${deno.name}${name.slice(1)}`;
    assertEquals(imports[specifier], `./${file}`);
    assert(linted.includes(file), `doc-lint has not ${file}`);
    assert(text.includes(`| \`${specifier}\``), specifier);
  }
  assertEquals(
    Object.keys(imports).filter((key) => key.startsWith(deno.name)).length,
    entries.length,
  );
});

Deno.test("nothing loads a whole entry that it needs a part of", async () => {
  const pure: string[] = [];
  for (const [, file] of entries) {
    const declares = /^(?:export )?(?:const|function|type) \w/m;
    if (!declares.test(code(await read(file)))) pure.push(file);
  }
  assert(pure.includes("mod.ts") && pure.includes("lib/probes/mod.ts"));
  for await (const file of sources("lib", "models", "tasks", "bench")) {
    const imports = code(await read(file)).matchAll(/from "(\.[^"]+)"/g);
    const whole = [...imports]
      .map(([, to]) => join(dirname(file), to!))
      .filter((path) => pure.includes(path));
    assertEquals(whole, [], file);
  }
});

/** Types of npm packages in public signatures, which only these can document. */
const FOREIGN = [
  ...["Tensor", "Scalar", "Tensor1D", "Tensor2D"], // TensorFlow.js
  ...["ModelProto", "GraphProto", "TensorProto"], // ONNX's protobuf
  "GenericSchema", // valibot
];

Deno.test("every public name is documented, and so is every type of groklab's that it names", async () => {
  const { stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--lint", ...entries.map(([, file]) => file)],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdout: "null",
  }).output();
  const text = new TextDecoder().decode(stderr);
  const found = text.split("\n").filter((line) => line.startsWith("error["));
  const foreign = /^error\[private-type-ref\].*private type '(\w+)'$/;
  assert(found.some((line) => foreign.exec(line)?.[1] === "Tensor"), text);
  assertEquals(
    found.filter((line) => !FOREIGN.includes(foreign.exec(line)?.[1] ?? "")),
    [],
  );
  // Under these names there is nothing of groklab's that would be hidden.
  const own = /export (?:type|interface|class) (\w+)/g;
  for await (const file of sources()) {
    const declared = [...(await read(file)).matchAll(own)].map(([, x]) => x!);
    assertEquals(declared.filter((name) => FOREIGN.includes(name)), [], file);
  }
});

async function* sources(...folders: string[]): AsyncGenerator<string> {
  for (const folder of folders.length > 0 ? folders : ["lib", "models"]) {
    for await (
      const { name, isDirectory } of Deno.readDir(join(ROOT, folder))
    ) {
      const path = `${folder}/${name}`;
      if (isDirectory) yield* sources(path);
      else if (name.endsWith(".ts")) yield path;
    }
  }
}
