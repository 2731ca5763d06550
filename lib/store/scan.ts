/**
 * Which folders are runs, and which of them have changed since they were read.
 *
 * @module
 */

import { basename, dirname, join, resolve } from "node:path";
import { describing, isAbsent } from "../base/files.ts";
import { SUMS } from "../base/sums.ts";
import { FILES, LOCK, REPLICA } from "../runs/layout.ts";

/** What is known of a folder. */
export interface Known {
  /** How it and its files looked; empty where that may still change unseen. */
  readonly stamp: string;
  /** Whether it is a run. */
  readonly isRun: boolean;
  /** Whether it has the file of a lock, be it held or left by a kill. */
  readonly locked: boolean;
  /** The folders of replicas in it. */
  readonly inside: readonly string[];
}

/** What lies in a folder of runs now. */
export interface Scan {
  /** What is there, by its path in the folder. */
  readonly found: ReadonlyMap<string, Known>;
  /** Those of them that are to be read, again or for the first time. */
  readonly changed: readonly string[];
}

// What changed less than so long before it was looked at may change again within
// the tick of the file system's clock, which some shared folders count in seconds.
const SETTLED_MS = 2000;

// What is looked at beside the folder itself: files of which one may be written in
// place. That one came or went, its folder tells.
const WATCHED: readonly string[] = [
  FILES.manifest,
  FILES.summary,
  FILES.labels,
];

/**
 * Looks at the folders in a folder of runs.
 *
 * @param root The folder of runs.
 * @param known What was found before, by the path in it.
 * @param only The one folder to look at; all, if left out.
 * @throws {FileError} if it cannot be read.
 */
export async function scan(
  root: string,
  known: ReadonlyMap<string, Known>,
  only?: string,
): Promise<Scan> {
  const now = Date.now();
  const found = new Map<string, Known>();
  const changed: string[] = [];
  const look = (folder: string) => {
    const before = known.get(folder);
    const stamp = before && before.stamp !== "" &&
      stampOf(root, folder, namesIn(before.stamp), now);
    if (before && stamp === before.stamp) {
      found.set(folder, before);
      return before;
    }
    const fresh = lookInto(root, folder, now);
    if (!fresh) return undefined;
    found.set(folder, fresh);
    if (fresh.isRun) changed.push(folder);
    return fresh;
  };
  const names = only !== undefined ? [only] : await foldersIn(root);
  for (const name of names) {
    for (const replica of look(name)?.inside ?? []) look(join(name, replica));
  }
  return { found, changed };
}

async function foldersIn(root: string): Promise<string[]> {
  const entries = await describing(
    `list the runs in ${root}`,
    () => Promise.resolve([...Deno.readDirSync(root)]),
  );
  return entries
    .filter(({ name, isFile }) => !isFile && !name.startsWith("."))
    .map(({ name }) => name);
}

// What there is of a folder; undefined where it is none, or cannot be read.
function lookInto(
  root: string,
  folder: string,
  now: number,
): Known | undefined {
  let entries: Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync(join(root, folder))];
  } catch {
    return undefined;
  }
  const names = new Set(entries.map(({ name }) => name));
  const isRun = names.has(FILES.manifest) ||
    names.has(SUMS) && names.has(FILES.config);
  const watched: string[] = isRun
    ? WATCHED.filter((name) => names.has(name))
    : [];
  // Without a summary it is the rows that say how far it is.
  if (isRun && !names.has(FILES.summary) && names.has(FILES.metrics)) {
    watched.push(FILES.metrics);
  }
  const stamp = stampOf(root, folder, watched, now);
  if (stamp === undefined) return undefined;
  const inside = REPLICA.test(folder) ? [] : entries
    .filter(({ name, isDirectory }) => isDirectory && REPLICA.test(name))
    .map(({ name }) => name);
  return { stamp, isRun, locked: isRun && names.has(LOCK), inside };
}

const namesIn = (stamp: string) =>
  stamp.split(" ").slice(1).map((part) => part.split(":")[0]!);

// How a folder and some of its files look, in a text; empty where one of them has
// only just changed, undefined where the folder is gone.
function stampOf(
  root: string,
  folder: string,
  names: readonly string[],
  now: number,
): string | undefined {
  const path = join(root, folder);
  let newest = 0;
  const partOf = (name: string, info: Deno.FileInfo | undefined) => {
    const changed = info?.mtime?.getTime() ?? now;
    newest = Math.max(newest, changed);
    return `${name}:${changed}.${info?.ino}.${info?.size}`;
  };
  try {
    // A link to a folder of runs is one; links in a run are refused by readers.
    const own = Deno.statSync(path);
    if (!own.isDirectory) return undefined;
    const parts = [partOf("", own)];
    for (const name of names) {
      parts.push(partOf(name, lstat(`${path}/${name}`)));
    }
    return newest > now - SETTLED_MS ? "" : parts.join(" ");
  } catch {
    return undefined;
  }
}

function lstat(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** Where a run lies, and what its folder is called there. */
export function placeOf(run: string): [root: string, name: string] {
  const path = join(run, ".").replace(/[\\/]$/, "");
  const named = /^\.\.?$/.test(basename(path)) ? resolve(path) : path;
  return [dirname(named), basename(named)];
}

/** A folder of runs; of a sweep, where these lie. */
export function rootOf(folder: string): string {
  const runs = join(folder, "runs");
  return isSweep(folder) && isFolder(runs) ? runs : folder;
}

/** Whether a folder is a sweep's. */
export const isSweep = (folder: string): boolean =>
  isFile(join(folder, "sweep.json"));

const isFile = (path: string) => infoOf(path)?.isFile ?? false;
const isFolder = (path: string) => infoOf(path)?.isDirectory ?? false;

function infoOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch {
    return undefined;
  }
}
