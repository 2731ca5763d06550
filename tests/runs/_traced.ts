/**
 * Looking on while files are written, moved and removed.
 *
 * @module
 */

import { assert } from "@std/assert";
import { basename } from "node:path";

const short = (path: string | URL) =>
  basename(String(path)).replace(/\.partial-\d+$/, ".partial");

/**
 * What is done to files meanwhile: written, brought to the disk, moved, removed;
 * each by its name without the folder.
 */
export async function traced(work: () => Promise<unknown>): Promise<string[]> {
  const log: string[] = [];
  const { writeTextFile, rename, remove, open } = Deno;
  const { syncData } = Deno.FsFile.prototype;
  const opened = new WeakMap<Deno.FsFile, string>();
  Deno.writeTextFile = (path, ...rest) => {
    log.push(`write ${short(path)}`);
    return writeTextFile(path, ...rest);
  };
  Deno.rename = (from, to) => {
    log.push(`move ${short(from)} to ${short(to)}`);
    return rename(from, to);
  };
  Deno.remove = async (path, options) => {
    await remove(path, options);
    log.push(`remove ${short(path)}`);
  };
  Deno.open = async (path, options) => {
    const file = await open(path, options);
    opened.set(file, short(path));
    if (short(path).endsWith(".partial")) log.push(`write ${short(path)}`);
    return file;
  };
  Deno.FsFile.prototype.syncData = async function () {
    await syncData.call(this);
    log.push(`sync ${opened.get(this)}`);
  };
  try {
    await work();
  } finally {
    Object.assign(Deno, { writeTextFile, rename, remove, open });
    Deno.FsFile.prototype.syncData = syncData;
  }
  return log;
}

/** Asserts that the disk had each file before it was moved into place. */
export function assertSynced(log: readonly string[]): void {
  const there: string[] = [];
  for (const line of log) {
    const [, sync, move] = /^sync (\S+)$|^move (\S+)/.exec(line) ?? [];
    if (sync !== undefined) there.push(sync);
    if (move === undefined) continue;
    assert(there.includes(move), `${line} in\n${log.join("\n")}`);
    there.splice(there.indexOf(move), 1);
  }
}
