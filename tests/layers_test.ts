/**
 * The layers: every import, of types too, goes down or stays, and no files import
 * each other in a circle. Their order stands in docs/design.md.
 */

import { assert, assertEquals } from "@std/assert";
import { join, normalize } from "node:path";
import { dirname } from "node:path/posix";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

async function layersOf(path: string): Promise<string[]> {
  const text = await Deno.readTextFile(join(ROOT, path));
  const [, section = ""] = text.split("## The layers");
  const [table = ""] = section.split("\n## ");
  return [...table.matchAll(/^\| `([^`]+)`/gm)].map(([, name]) => name!);
}

async function filesIn(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(join(ROOT, folder))) {
    const path = `${folder}${name}`;
    if (isDirectory) found.push(...await filesIn(`${path}/`));
    else if (/\.tsx?$/.test(name)) found.push(path);
  }
  return found;
}

// At the start of a line, so that examples in comments are none; `import("…")`
// wherever code has it.
const IMPORTS = [
  /^(?:import|export)\b[^;"]*?\bfrom\s+"(\.[^"]+)"/gm,
  /^import\s+"(\.[^"]+)"/gm,
  /^(?!\s*(?:\*|\/\/)).*?\bimport\(\s*"(\.[^"]+)"/gm,
];

function importsOf(file: string, text: string): string[] {
  return IMPORTS.flatMap((pattern) => [...text.matchAll(pattern)])
    .map(([, specifier]) => normalize(join(dirname(file), specifier!)))
    .filter((path) => /\.tsx?$/.test(path));
}

const layerOf = (layers: readonly string[], file: string) =>
  layers.findIndex((layer) =>
    layer.endsWith("/") ? file.startsWith(layer) : file === layer
  );

function climbing(
  layers: readonly string[],
  graph: ReadonlyMap<string, readonly string[]>,
): string[] {
  return [...graph].flatMap(([file, imports]) =>
    imports.filter((to) => layerOf(layers, to) > layerOf(layers, file))
      .map((to) => `${file} imports ${to}`)
  );
}

/** One circle of imports, as the files on the way; empty where there is none. */
function circle(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const way: string[] = [];
  const from = (file: string): string[] => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
    if (done.has(file)) return [];
    way.push(file);
    for (const to of graph.get(file) ?? []) {
      const found = from(to);
      if (found.length > 0) return found;
    }
    way.pop();
    done.add(file);
    return [];
  };
  for (const file of graph.keys()) {
    const found = from(file);
    if (found.length > 0) return found;
  }
  return [];
}

const layers = await layersOf("docs/design.md");
const files = (await Promise.all(
  ["lib/", "models/", "tasks/", "bench/"].map(filesIn),
)).flat().concat("mod.ts");
const graph = new Map(
  await Promise.all(
    files.map(async (file) =>
      [
        file,
        importsOf(file, await Deno.readTextFile(join(ROOT, file))),
      ] as const
    ),
  ),
);

Deno.test("every file is in a layer of docs/design.md, every layer has files", () => {
  assert(layers.length > 20);
  assertEquals(files.filter((file) => layerOf(layers, file) < 0), []);
  assertEquals(
    layers.filter((_, i) => !files.some((file) => layerOf(layers, file) === i)),
    [],
  );
});

Deno.test("every import is of a file that is there", () => {
  const known = new Set(files);
  const gone = [...graph].flatMap(([file, imports]) =>
    imports.filter((to) => !known.has(to)).map((to) => `${file}: ${to}`)
  );
  assertEquals(gone, []);
});

Deno.test("no import climbs", () => {
  assertEquals(climbing(layers, graph), []);
});

Deno.test("no files import each other in a circle", () => {
  assertEquals(circle(graph), []);
});

Deno.test("imports that climb and circles would be found", () => {
  const text = [
    'import type { A } from "../b/b.ts";',
    "export {",
    "  c,",
    '} from "./c.ts";',
    '  const { d } = await import("./d.ts");',
    'type E = import("./e.ts").E;',
    ' * import { no } from "./no.ts";',
    '// import { no } from "./no.ts";',
  ].join("\n");
  assertEquals(importsOf("lib/a/a.ts", text).sort(), [
    "lib/a/c.ts",
    "lib/a/d.ts",
    "lib/a/e.ts",
    "lib/b/b.ts",
  ]);
  const wrong = new Map([
    ["lib/a/a.ts", ["lib/b/b.ts"]],
    ["lib/b/b.ts", ["lib/b/c.ts"]],
    ["lib/b/c.ts", ["lib/a/a.ts"]],
  ]);
  assertEquals(climbing(["lib/a/", "lib/b/"], wrong), [
    "lib/a/a.ts imports lib/b/b.ts",
  ]);
  assertEquals(circle(wrong).length, 4);
});
