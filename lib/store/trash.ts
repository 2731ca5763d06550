/**
 * Removing runs: to a trash folder, from which they come back until it is emptied.
 *
 *     .trash/ID/entry.json   where the run lay, and when it was removed
 *     .trash/ID/run          its folder
 *
 * @module
 */

import { dirname, isAbsolute, join, normalize, relative } from "node:path";
import { UsageError } from "../base/errors.ts";
import { describing, FileError, isAbsent, writeWhole } from "../base/files.ts";
import { parseObject } from "../base/json.ts";
import { checkArgument, pathCheck, text } from "../base/options.ts";
import { taskLine } from "../base/shell.ts";
import { irregular, isRun, regular } from "../base/sums.ts";
import { replicasIn } from "../runs/layout.ts";
import { isLocked } from "../runs/lock.ts";
import { runsAround } from "./find.ts";
import { nameOn } from "./labels.ts";
import { rootOf } from "./scan.ts";

/** The name of the trash in a folder of runs. */
export const TRASH = ".trash";

const ENTRY = "entry.json";
const RUN = "run";

/** A run in the trash. */
export interface Trashed {
  /** What it is called there. */
  readonly id: string;
  /** Where it lay, in its folder of runs. */
  readonly from: string;
  /** The name that is written on it; null of one without. */
  readonly name: string | null;
  /** When it was removed, ISO 8601, UTC. */
  readonly removed: string;
  /** Its folder now. */
  readonly path: string;
}

/**
 * Moves a run, or a folder of replicas, to the trash of its folder of runs.
 *
 * @param run The folder.
 * @returns What it is in the trash.
 * @throws {UsageError} if it is no run, is a link, or is being trained.
 * @throws {FileError} if it cannot be moved.
 */
export async function trashRun(run: string): Promise<Trashed> {
  checkArgument("trashRun()", "run", run, pathCheck);
  await checkRemovable(run);
  const runs = runsAround(run);
  const trash = await trashIn(runs);
  const from = relative(runs, run);
  return await describing(`remove the run ${run}`, async () => {
    await Deno.mkdir(trash, { recursive: true });
    const removed = new Date().toISOString();
    const id = await makeFolder(trash, removed);
    const path = join(trash, id, RUN);
    try {
      await writeWhole(
        join(trash, id, ENTRY),
        `${JSON.stringify({ from, removed })}\n`,
      );
      await Deno.rename(run, path);
    } catch (error) {
      await Deno.remove(join(trash, id), { recursive: true }).catch(() => {});
      throw error;
    }
    // A folder of replicas that has lost the last.
    if (dirname(from) !== ".") await Deno.remove(dirname(run)).catch(() => {});
    return { id, from, name: await nameOn(path), removed, path };
  });
}

/**
 * Checks that a run can be removed, changing nothing.
 *
 * @throws {UsageError} if it is no run, is a link, or is being trained.
 */
export async function checkRemovable(run: string): Promise<void> {
  const cannot = (problem: string) =>
    new UsageError(`Cannot remove the run ${run}: ${problem}`);
  const info = await Deno.lstat(run.replace(/[\\/]+$/, "")).catch((error) => {
    if (isAbsent(error)) return undefined;
    throw new FileError(cannot((error as Error).message).message);
  });
  if (!info) throw cannot("there is no such folder");
  if (info.isSymlink) {
    throw cannot("it is a link; remove the link, or the run that it leads to");
  }
  if (!info.isDirectory) throw cannot("it is a file");
  const replicas = await replicasIn(run);
  // Of one that is damaged sums may be no more.
  if (replicas.length === 0 && !await isRun(run).catch(() => true)) {
    throw cannot("it is no run");
  }
  const here = await Deno.realPath(run) === await Deno.realPath(".");
  if (here) throw cannot("the command was typed in it");
  for (const path of [run, ...replicas.map((name) => join(run, name))]) {
    if (!await isLocked(path).catch(() => true)) continue;
    throw cannot("it is being trained; wait for it, or stop it first");
  }
}

// The trash of a folder of runs, which may not lead elsewhere.
async function trashIn(runs: string): Promise<string> {
  const trash = join(runs, TRASH);
  const info = await describing(
    `read ${trash}`,
    () =>
      Deno.lstat(trash).catch((error) => {
        if (!isAbsent(error)) throw error;
      }),
  );
  if (info && !info.isDirectory) throw irregular(trash, info, "a folder");
  return trash;
}

async function makeFolder(trash: string, removed: string): Promise<string> {
  const time = removed.slice(0, 19).replaceAll(":", "-");
  for (let n = 1;; n++) {
    const id = n === 1 ? time : `${time}-${n}`;
    try {
      await Deno.mkdir(join(trash, id));
      return id;
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  }
}

/**
 * The runs in the trash of a folder of runs, the one removed last first.
 *
 * @param runs The folder of runs, or of a sweep.
 * @throws {FileError} if the trash cannot be read.
 */
export async function trashOf(runs = "runs"): Promise<Trashed[]> {
  checkArgument("trashOf()", "runs", runs, pathCheck);
  const trash = await trashIn(rootOf(runs));
  const ids = await describing(`read ${trash}`, () => foldersIn(trash));
  const found: Trashed[] = [];
  for (const id of ids) {
    const entry = await entryOf(trash, id);
    if (entry) found.push(entry);
  }
  return found.sort((a, b) => a.id < b.id ? 1 : -1);
}

async function foldersIn(folder: string): Promise<string[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(folder));
    return entries.filter(({ isDirectory }) => isDirectory)
      .map(({ name }) => name);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

// What a kill left between two steps, with no run in it, is nobody's.
async function entryOf(
  trash: string,
  id: string,
): Promise<Trashed | undefined> {
  const path = join(trash, id, RUN);
  const file = join(trash, id, ENTRY);
  const info = await Deno.lstat(path).catch(() => undefined);
  if (!info?.isDirectory || !await regular(file)) return undefined;
  const text = await describing(`read ${file}`, () => Deno.readTextFile(file));
  const { from, removed } = parseObject(text, file, "an entry of the trash");
  const inside = typeof from === "string" && from !== "" &&
    !isAbsolute(from) && !normalize(from).startsWith("..");
  if (!inside || typeof removed !== "string") {
    throw new SyntaxError(
      `Cannot read ${file}: it does not say where in the folder of runs the ` +
        "run lay",
    );
  }
  return { id, from, name: await nameOn(path), removed, path };
}

/**
 * Moves a run back out of the trash to where it lay.
 *
 * @param named What it is called in the trash, where it lay, or its name; of several
 * that lay there, or were called so, the one removed last.
 * @param runs The folder of runs, or of a sweep.
 * @returns Where it lies now.
 * @throws {UsageError} if there is none, or something lies there now.
 * @throws {FileError} if it cannot be moved.
 */
export async function restoreRun(
  named: string,
  runs = "runs",
): Promise<string> {
  checkArgument("restoreRun()", "named", named, text);
  const [run] = await restoreRuns([named], runs);
  return run!;
}

/**
 * Moves runs back, all or none: what is wrong with any is seen before one is moved,
 * and where the system refuses one those before it go back into the trash.
 *
 * @param named What they are called, as of {@link restoreRun}; one named twice is
 * moved once.
 * @param runs The folder of runs, or of a sweep.
 * @returns Where they lie now.
 * @throws {UsageError} if one is not there, or something lies where one lay, or two
 * lay at the same place.
 * @throws {FileError} if one cannot be moved.
 */
export async function restoreRuns(
  named: readonly string[],
  runs = "runs",
): Promise<string[]> {
  const all = await trashOf(runs);
  const root = rootOf(runs);
  const entries = new Set(named.map((each) => entryCalled(each, all, root)));
  const places = new Set<string>();
  for (const { from } of entries) {
    const run = join(root, from);
    const cannot = (problem: string) =>
      new UsageError(`Cannot restore the run ${run}: ${problem}`);
    if (places.has(run)) {
      throw cannot(
        "two of the runs that are named lay there; name one of them",
      );
    }
    if (await Deno.lstat(run).then(() => true, () => false)) {
      throw cannot("something lies there; move it away first");
    }
    places.add(run);
  }
  // A folder of replicas before replicas that it had lost.
  const shortest = [...entries].sort((a, b) => a.from.length - b.from.length);
  const undo: (() => Promise<void>)[] = [];
  try {
    for (const { from, path } of shortest) {
      const run = join(root, from);
      await describing(`restore the run ${run}`, async () => {
        await Deno.mkdir(dirname(run), { recursive: true });
        await Deno.rename(path, run);
      });
      undo.push(() => Deno.rename(run, path));
    }
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw error;
  }
  // Without its run an entry is nobody's.
  for (const { path } of shortest) {
    await Deno.remove(dirname(path), { recursive: true });
  }
  return [...places];
}

function entryCalled(
  named: string,
  all: readonly Trashed[],
  root: string,
): Trashed {
  const entry = all.find(({ id }) => id === named) ??
    all.find(({ from }) => from === named || join(root, from) === named) ??
    all.find(({ name }) => name === named);
  if (entry) return entry;
  throw new UsageError(
    `Cannot restore the run ${JSON.stringify(named)}: it is none of the ` +
      `${all.length} in ${join(root, TRASH)}; ` +
      `${taskLine("runs", "trash")} lists them`,
  );
}

/**
 * Deletes what is in the trash of a folder of runs, for good.
 *
 * @param runs The folder of runs, or of a sweep.
 * @returns How many runs there were.
 * @throws {FileError} if one cannot be deleted.
 */
export async function emptyTrash(runs = "runs"): Promise<number> {
  const count = (await trashOf(runs)).length;
  const trash = await trashIn(rootOf(runs));
  await describing(`empty ${trash}`, async () => {
    // A link in it is deleted, not followed.
    for (const id of await foldersIn(trash)) {
      await Deno.remove(join(trash, id), { recursive: true });
    }
    await Deno.remove(trash).catch(() => {});
  });
  return count;
}
