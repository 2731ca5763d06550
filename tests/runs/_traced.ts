/**
 * Looking on while files are written, moved and removed.
 *
 * @module
 */

import { basename } from "node:path";

const short = (path: string | URL) =>
  basename(String(path)).replace(/\.partial-\d+$/, ".partial");

/**
 * What is done to files meanwhile: written, brought to the disk, moved, removed;
 * each by its name without the folder.
 */
export async function traced(work: () => Promise<unknown>): Promise<string[]> {
  const log: string[] = [];
  const { writeFile, writeTextFile, rename, remove, open } = Deno;
  const { syncData } = Deno.FsFile.prototype;
  const opened = new WeakMap<Deno.FsFile, string>();
  Deno.writeFile = (path, ...rest) => {
    log.push(`write ${short(path)}`);
    return writeFile(path, ...rest);
  };
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
    return file;
  };
  Deno.FsFile.prototype.syncData = function () {
    log.push(`sync ${opened.get(this)}`);
    return syncData.call(this);
  };
  try {
    await work();
  } finally {
    Object.assign(Deno, { writeFile, writeTextFile, rename, remove, open });
    Deno.FsFile.prototype.syncData = syncData;
  }
  return log;
}
