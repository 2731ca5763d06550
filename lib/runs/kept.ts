/**
 * The extensions that a run was made with: the copies that it keeps.
 *
 * @module
 */

import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { DamagedError, isRun } from "../base/sums.ts";
import { isSameModule } from "../config/used.ts";
import { modulesOf } from "../extensions/modules.ts";
import { FILES, readManifest } from "./layout.ts";
import type { ExtensionRecord } from "./manifest.ts";

const COPY = /^extensions\/[0-9a-f]{12}\/./;

/** The copy of an extension in a run's folder. */
export interface Kept {
  /** What the run says of it. */
  readonly record: ExtensionRecord;
  /** Its module, a file URL. */
  readonly url: string;
}

/**
 * The extensions that a run was made with, each held to the sums that the run has
 * of it. Nothing of them is run.
 *
 * @param run The folder.
 * @returns None where it is no run, or has none.
 * @throws {DamagedError} if one is not what was written, or is not there.
 */
export async function extensionsOf(run: string): Promise<Kept[]> {
  if (!await isRun(run).catch(() => false)) return [];
  const { extensions = [], resumed = [] } = await readManifest(run);
  const last = resumed.at(-1)?.extensions ?? extensions;
  return last.map((record) => {
    if (!COPY.test(record.copy) || record.copy.split("/").includes("..")) {
      throw new SyntaxError(
        `Cannot read ${join(run, FILES.manifest)}: of the extension ` +
          `${record.path} it names no copy in ${FILES.extensions}/`,
      );
    }
    const path = join(run, record.copy);
    const url = pathToFileURL(resolve(path)).href;
    try {
      const { used } = modulesOf(url);
      if (isSameModule(used, record)) return { record, url };
    } catch {
      throw new DamagedError(
        `Cannot read ${path}: the copy of the extension ${record.path} is not ` +
          "there",
      );
    }
    throw new DamagedError(
      `Cannot read ${path}: it is not the extension ${record.path} as the run ` +
        "was made with it: its SHA-256 is another",
    );
  });
}

/**
 * The copy that a run keeps of an extension.
 *
 * @param run The folder.
 * @param path What the user calls it: as when the run was made, or by the name of
 * its file.
 */
export async function extensionKept(
  run: string,
  path: string,
): Promise<Kept | undefined> {
  const all = await extensionsOf(run);
  return all.find(({ record }) => record.path === path) ??
    all.find(({ record: { module } }) => basename(module) === basename(path));
}
