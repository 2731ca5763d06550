/**
 * The playground's two scripts, made out of lib/play/browser/ when the page is
 * written: what trains on a machine is what trains in the page.
 *
 * @module
 */

import { isBuiltin } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { exports as exportsOf, legacy } from "resolve.exports";
import deno from "../../deno.json" with { type: "json" };
import {
  bundled,
  type BundlePlugin,
  ORT,
} from "../report/playground/bundle.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const imports: Readonly<Record<string, string>> = deno.imports;

// What stands in a browser for a module of Node's, in shims/; of the others nothing
// is there, and what calls one fails.
const SHIMS = ["crypto", "path", "url"];
const EMPTY = "empty";

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** The folder of a package, looked for from a folder upwards. */
function packageFrom(name: string, folder: string): string | undefined {
  for (let at = folder;; at = dirname(at)) {
    const found = join(at, "node_modules", name);
    if (isFile(join(found, "package.json"))) return Deno.realPathSync(found);
    if (dirname(at) === at) return undefined;
  }
}

// "a/b", "@a/b/c" → the package and what of it.
function split(specifier: string): [name: string, rest: string] {
  const parts = specifier.split("/");
  const count = specifier.startsWith("@") ? 2 : 1;
  return [parts.slice(0, count).join("/"), parts.slice(count).join("/")];
}

// A name of deno.json's imports, or undefined.
function mapped(path: string): string | undefined {
  const folder = Object.keys(imports)
    .find((key) => key.endsWith("/") && path.startsWith(key));
  const found = imports[path] ??
    (folder && imports[folder]! + path.slice(folder.length));
  return found?.replace(/^npm:\/?/, "").replace(/^(@?[^@]+)@[^/]+/, "$1");
}

// A file by its path without what Node's require() adds.
function completed(path: string): string {
  const found = ["", ".js", ".mjs", ".cjs", ".json", "/index.js"]
    .map((end) => path + end).find(isFile);
  if (!found) throw new Error(`There is no ${path}`);
  return found;
}

function fileOf(specifier: string, folder: string): string {
  const [name, rest] = split(specifier);
  const at = packageFrom(name, folder) ?? packageFrom(name, root);
  if (!at) {
    throw new Error(`There is no package ${name}, asked for in ${folder}`);
  }
  const manifest = JSON.parse(Deno.readTextFileSync(join(at, "package.json")));
  const [exported] = manifest.exports
    ? exportsOf(manifest, rest || ".", { browser: true }) ?? []
    : [];
  const main = legacy(manifest, { browser: false });
  return completed(
    join(at, exported ?? (rest || (typeof main === "string" ? main : "."))),
  );
}

// What a package says is not there in browsers.
function isLeftOut(specifier: string, importer: string): boolean {
  const folder = importer.match(/^.*\/node_modules\/(@[^/]+\/)?[^/]+/)?.[0];
  if (!folder || !isFile(join(folder, "package.json"))) return false;
  const { browser } = JSON.parse(
    Deno.readTextFileSync(join(folder, "package.json")),
  );
  return browser?.[specifier] === false;
}

const files: BundlePlugin = {
  name: "files",
  setup(build) {
    build.onResolve({ filter: /.*/ }, ({ path, importer }) => {
      if (path.startsWith("onnxruntime-web")) {
        return { path: join(ORT, "ort.wasm.bundle.min.mjs") };
      }
      const node = path.replace(/^node:/, "");
      if (SHIMS.includes(node)) {
        return { path: join(root, "lib/play/shims", `${node}.ts`) };
      }
      if (
        isBuiltin(path) || path === "onnxruntime-node" ||
        isLeftOut(path, importer)
      ) {
        return { path, namespace: EMPTY };
      }
      if (path.startsWith(".") || path.startsWith("/")) {
        const whole = path.startsWith(".")
          ? join(dirname(importer), path)
          : path;
        return { path: completed(whole) };
      }
      return { path: fileOf(mapped(path) ?? path, dirname(importer)) };
    });
    build.onLoad({ filter: /.*/, namespace: EMPTY }, ({ path }) => ({
      contents: `module.exports = new Proxy({}, { get(_, key) {
        if (key === "__esModule") return false;
        return () => { throw new Error(${
        JSON.stringify(path)
      } + " is not here"); };
      } });`,
      loader: "js",
    }));
    build.onLoad({ filter: /.*/ }, async ({ path }) => ({
      contents: await Deno.readTextFile(path),
      loader: path.endsWith(".ts")
        ? "ts"
        : path.endsWith(".json")
        ? "json"
        : "js",
    }));
  },
};

// What modules ask of Deno as they are loaded.
const BANNER =
  'globalThis.Deno??={build:{os:"browser",arch:"wasm"},errors:{},args:[]};';

/**
 * A script of lib/play/browser/. The worker's is no module: a page that is a file may
 * start none that is.
 *
 * @param name The page's or the worker's.
 */
export function scriptOf(name: "page" | "worker"): Promise<string> {
  return bundled({
    entryPoints: [join(root, "lib/play/browser", `${name}.ts`)],
    format: name === "worker" ? "iife" : "esm",
    banner: { js: BANNER },
    define: {
      "process.env.NODE_ENV": '"production"',
      // What is looked for beside a module is not there.
      ...(name === "worker" && {
        "import.meta.url": '"http://groklab.invalid/"',
      }),
    },
    plugins: [files],
  });
}
