/**
 * The files of an extension: its module and the local modules that it imports.
 *
 * @module
 */

import { basename, dirname, join, relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { sha256 } from "../base/sums.ts";
import type { UsedModule } from "../config/used.ts";

/** An extension's files. */
export interface ModuleFiles {
  /** What configs say of it. */
  readonly used: UsedModule;
  /** Its module, below the folder that all its files have in common. */
  readonly entry: string;
  /** Every file's bytes, by its path below that folder, with slashes. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

const library = new URL("../../", import.meta.url);
// What of the library's folder is the library: the rest may be anybody's.
const OWN = ["lib/", "models/", "tasks/", "mod.ts", "mod.js", "node_modules/"]
  .map((part) => new URL(part, library).href);

/** Whether a file is groklab's own, or a package's that it has. */
export function isOfLibrary(url: string): boolean {
  return OWN.some((own) => url.startsWith(own));
}

// What follows `import` or `from`, and what `import()` is given.
const SPECIFIER =
  /(?:\b(?:import|from)\s*|\bimport\s*\(\s*)(?:"([^"\n]+)"|'([^'\n]+)')/g;

/**
 * Reads an extension's module and the local modules that it imports, and they:
 * relative paths and file URLs, as they stand in its text. What is no file is
 * passed over: whether it can be imported is seen when it is.
 *
 * @param url The module, a file URL.
 * @throws {Deno.errors.NotFound} if there is no such file.
 */
export function modulesOf(url: string): ModuleFiles {
  const contents = new Map<string, Uint8Array>();
  const take = (url: string, bytes: Uint8Array) => {
    contents.set(url, bytes);
    const text = new TextDecoder().decode(bytes);
    for (const [, double, single] of text.matchAll(SPECIFIER)) {
      const specifier = double ?? single!;
      if (!/^(\.{0,2}\/|file:)/.test(specifier)) continue;
      const found = URL.parse(specifier, url);
      if (!found) continue;
      found.search = found.hash = "";
      const { href } = found;
      if (contents.has(href) || isOfLibrary(href)) continue;
      const imported = readIfThere(href);
      if (imported) take(href, imported);
    }
  };
  const path = fileURLToPath(url);
  take(pathToFileURL(path).href, readPlain(path));
  const paths = new Map(
    [...contents].map(([url, bytes]) => [fileURLToPath(url), bytes]),
  );
  const folder = commonFolder([...paths.keys()]);
  const under = (folder: string, path: string) =>
    relative(folder, path).replaceAll(sep, "/");
  const imports = [...paths.keys()].filter((other) => other !== path)
    .map((other) => [under(dirname(path), other), sha256(paths.get(other)!)])
    .sort(([a], [b]) => a! < b! ? -1 : 1);
  return {
    used: {
      module: nameOf(path),
      sha256: sha256(paths.get(path)!),
      imports: Object.fromEntries(imports),
    },
    entry: under(folder, path),
    files: new Map(
      [...paths].map(([path, bytes]) => [under(folder, path), bytes]),
    ),
  };
}

/** The folder of a run in which it keeps copies of its extensions. */
export const COPIES = "extensions";

/**
 * Where a run keeps the copy of a file: each version of an extension has a folder
 * of its own, named after its sums.
 *
 * @param files The extension's files.
 * @param file One of them.
 * @returns Its path in the run's folder, with slashes.
 */
export function copyPath({ used }: ModuleFiles, file: string): string {
  const { module, sha256: sum, imports } = used;
  const of = sha256(JSON.stringify([module, sum, imports]));
  return `${COPIES}/${of.slice(0, 12)}/${file}`;
}

// Every folder's is called mod.ts: the folder tells them apart.
function nameOf(path: string): string {
  const name = basename(path);
  return name === "mod.ts" ? `${basename(dirname(path))}/${name}` : name;
}

function readIfThere(url: string): Uint8Array | undefined {
  try {
    return readPlain(fileURLToPath(url));
  } catch {
    return undefined;
  }
}

// Of a pipe or a device no end may come.
function readPlain(path: string): Uint8Array {
  if (!Deno.statSync(path).isFile) throw new Error(`${path} is no file`);
  return Deno.readFileSync(path);
}

function commonFolder(paths: readonly string[]): string {
  let folder = dirname(paths[0]!);
  while (!paths.every((path) => path.startsWith(join(folder, sep)))) {
    const above = dirname(folder);
    if (above === folder) break;
    folder = above;
  }
  return folder;
}
