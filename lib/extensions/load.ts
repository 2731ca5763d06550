/**
 * Loading the modules of extensions, and what to say where that fails.
 *
 * @module
 */

import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { UsageError } from "../base/errors.ts";
import { refuseExits } from "./exits.ts";
import { isAbsent } from "../base/files.ts";
import { sortOf } from "../base/sums.ts";
import { isSameModule } from "../config/used.ts";
import { type Extension, makerOf } from "./extension.ts";
import { fetchProblem } from "./fetched.ts";
import { found } from "./found.ts";
import { lackText } from "./lack.ts";
import {
  allowChanged,
  extensionsInUse,
  type InUse,
  type Loadable,
  useExtension,
} from "./use.ts";

/** An extension that was loaded, and not yet added. */
export interface Loaded {
  /** What its module exports by default. */
  readonly extension: Extension;
  /** The module, a file URL. */
  readonly url: string;
  /** What the user called it. */
  readonly path: string;
}

/** A module of an extension that is not there. */
export class MissingExtensionError extends UsageError {
  /** What tells it from other errors. */
  override name = "MissingExtensionError";
}

/** How to load. */
export interface LoadOptions {
  /** What to call it; by default the path. */
  readonly as?: string;
  /**
   * Whether it may import what is fetched first: into the folder of the program,
   * which is the user's where a script is, and groklab's where a command is.
   */
  readonly fetches?: boolean;
  /** How many seconds loading may take: a promise may never be kept. */
  readonly within?: number;
}

/**
 * Runs the module of an extension.
 *
 * @param path A file or its URL, or a folder with a `mod.ts`.
 * @param options How.
 * @throws {MissingExtensionError} if there is none.
 * @throws {UsageError} if it does not parse, throws while it is loaded, does not
 * come to its end, may not do or import what it does, or does not export an
 * extension by default.
 */
export async function importExtension(
  path: string,
  { as = path, fetches = true, within = 30 }: LoadOptions = {},
): Promise<Loaded> {
  const cannot = (problem: string, cause?: unknown) =>
    new UsageError(`Cannot use the extension ${as}: ${problem}`, { cause });
  const url = await moduleUrl(path, as);
  if (!/\.[cm]?[jt]sx?$/.test(new URL(url).pathname)) {
    throw cannot("it is no module: the name of one ends in .ts or .js");
  }
  const problem = fetches ? undefined : fetchProblem(url);
  if (problem !== undefined) throw cannot(problem);
  let module: { readonly default?: unknown };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() =>
      reject(
        new Error(
          `loading it has not come to its end after ${within} s: an await ` +
            "outside of functions waits for something that does not come",
        ),
      ), within * 1000);
  });
  try {
    module = await Promise.race([import(url), late]);
  } catch (error) {
    throw cannot(reason(error), error);
  } finally {
    clearTimeout(timer);
  }
  const { default: extension } = module;
  if (makerOf(extension)) {
    return { extension: extension as Extension, url, path: as };
  }
  throw cannot(
    (extension === undefined
      ? "it has no default export"
      : `its default export is no extension but ${found(extension)}`) +
      ": export default defineExtension({ … })",
  );
}

/**
 * Loads an extension and adds it to the registries, for the process.
 *
 * @param path A file or its URL, or a folder with a `mod.ts`.
 * @throws {UsageError} if it cannot be loaded, or cannot be added, as
 * {@link useExtension} has it.
 *
 * @example
 * ```ts ignore
 * import { loadExtension, probe } from "@groklab/groklab";
 *
 * await loadExtension("./my_lab.ts");
 * await probe("runs/mine");
 * ```
 */
export async function loadExtension(path: string): Promise<Extension> {
  const { extension, ...from } = await importExtension(path);
  useExtension(extension, from);
  return extension;
}

/**
 * Loads what another thread has in use, into a worker, which cannot be ended by
 * what it loads from then on.
 *
 * @throws {UsageError} if it cannot be loaded, or is not what that thread has.
 */
export async function loadAll({ modules, changed }: Loadable): Promise<void> {
  allowChanged(changed);
  // A worker that ended itself would be waited for.
  if (modules.length > 0) refuseExits();
  for (const { url, path, used } of modules) {
    const { extension, ...from } = await importExtension(url, { as: path });
    useExtension(extension, from);
    const isSame = (now: InUse) => isSameModule(now.files.used, used);
    if (extensionsInUse.some(isSame)) continue;
    throw new UsageError(
      `Cannot use the extension ${path}: its files have changed since this ` +
        "began; begin again",
    );
  }
}

async function moduleUrl(path: string, as: string): Promise<string> {
  const missing = (what: string) =>
    new MissingExtensionError(`Cannot use the extension ${as}: ${what}`);
  if (path === "") {
    throw new UsageError(
      "Cannot use an extension without a name: --use wants a file or a folder",
    );
  }
  if (/^[a-z][a-z+.-]+:/i.test(path) && !path.startsWith("file:")) {
    throw new UsageError(
      `Cannot use the extension ${as}: it must be a file of this machine`,
    );
  }
  const file = path.startsWith("file:") ? fileURLToPath(path) : resolve(path);
  const look = (file: string) =>
    Deno.stat(file).catch((error) => {
      if (!isAbsent(error)) throw missing((error as Error).message);
    });
  const info = await look(file);
  if (!info) throw missing("there is no such file");
  if (info.isFile) return pathToFileURL(file).href;
  if (!info.isDirectory) {
    throw new UsageError(
      `Cannot use the extension ${as}: it is ${sortOf(info)}, wanted a file`,
    );
  }
  const inside = resolve(file, "mod.ts");
  if ((await look(inside))?.isFile) return pathToFileURL(inside).href;
  throw missing("it is a folder that has no mod.ts");
}

// Why a module could not be loaded, in a line.
function reason(error: unknown): string {
  if (!(error instanceof Error)) return `it throws ${String(error)}`;
  const lack = lackText(error);
  if (lack !== undefined) return lack;
  const [line = "", ...more] = error.message.split("\n");
  // Of what does not parse Deno says behind the text where it stands.
  const [, place] = /\bfile:\S*\/([^/\s]+:\d+:\d+)/.exec(more.join(" ")) ?? [];
  return place === undefined ? line : `${line} (${place})`;
}
