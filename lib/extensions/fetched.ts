/**
 * What an extension may import where groklab itself loads it: what is there. Deno
 * fetches everything else, into groklab's own folder.
 *
 * @module
 */

import { basename, dirname, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { sortOf } from "../base/sums.ts";
import deno from "../../deno.json" with { type: "json" };
import { importsIn } from "./imports.ts";
import { isOfLibrary } from "./modules.ts";

const INSTEAD =
  "an extension may import files, node: modules and by its name what groklab " +
  "has, as @tensorflow/tfjs-core; with other packages make a project of your " +
  "own, that calls train(config, { use: [lab] })";

/**
 * Why an extension's module, or a local module that it imports, may not be loaded:
 * the first import of what is not there, in words; undefined where there is none.
 *
 * @param url The module, a file URL.
 */
export function fetchProblem(url: string): string | undefined {
  const first = fileURLToPath(url);
  const seen = new Set([url]);
  // Grows while it is walked.
  for (const module of seen) {
    const path = fileURLToPath(module);
    const name = relative(dirname(first), path) || basename(path);
    for (const { specifier, line } of importsIn(readIfThere(path))) {
      const problem = importProblem(specifier);
      if (problem !== undefined) {
        return `${name}:${line} ${problem}: ${INSTEAD}`;
      }
      const local = localModule(specifier!, module);
      if (local === undefined) continue;
      const sort = irregularSort(fileURLToPath(local));
      if (sort !== undefined) {
        const said = JSON.stringify(specifier);
        return `${name}:${line} imports ${said}, which is ${sort}, wanted a file`;
      }
      seen.add(local);
    }
  }
}

function importProblem(specifier: string | undefined): string | undefined {
  if (specifier === undefined) {
    return "imports what it computes the name of, so that nobody can see what " +
      "it is";
  }
  if (isPath(specifier) || specifier.startsWith("node:")) return undefined;
  const said = `imports ${JSON.stringify(specifier)}`;
  const scheme = /^([a-z][a-z\d+.-]*):/i.exec(specifier)?.[1]?.toLowerCase();
  if (scheme === "npm") {
    // Another version, or none, would be a new line of the lock file.
    const isHere = Object.values(deno.imports).includes(specifier);
    return isHere ? undefined : `${said}, which Deno would fetch`;
  }
  if (scheme !== undefined) {
    return ["data", "blob"].includes(scheme)
      ? `${said.slice(0, 60)}…, code that is in no file`
      : `${said}, which Deno would fetch`;
  }
  try {
    const resolved = import.meta.resolve(specifier);
    return /^(file|node):/.test(resolved)
      ? undefined
      : `${said}, which Deno would fetch`;
  } catch {
    return `${said}, which is no name that groklab has`;
  }
}

const isPath = (specifier: string) => /^(\.{0,2}\/|file:)/.test(specifier);

function localModule(specifier: string, from: string): string | undefined {
  if (!isPath(specifier) || !/\.[cm]?[jt]sx?([?#]|$)/.test(specifier)) {
    return undefined;
  }
  const found = URL.parse(specifier, from);
  if (!found) return undefined;
  found.search = found.hash = "";
  return isOfLibrary(found.href) ? undefined : found.href;
}

// What is there and no file: of a pipe or a device no end may come.
function irregularSort(path: string): string | undefined {
  try {
    const info = Deno.statSync(path);
    return info.isFile ? undefined : sortOf(info);
  } catch {
    return undefined;
  }
}

// What is not there is said when it is imported.
function readIfThere(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}
