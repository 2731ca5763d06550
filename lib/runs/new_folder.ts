/**
 * Folders for new runs.
 *
 * @module
 */

import { join, relative, sep } from "node:path";
import { type Config, definitionsOf } from "../config/config.ts";
import { UsageError } from "../base/errors.ts";
import { taskLine } from "../base/shell.ts";
import { describing, isPartial, removePartial } from "../base/files.ts";
import { sumsOf } from "../base/sums.ts";
import {
  CHECKPOINT,
  checkRegular,
  FILES,
  ignoreMissing,
  list,
  LOCK,
} from "./layout.ts";
import { checkArgument, configCheck, pathCheck } from "../base/options.ts";

/**
 * Checks that a run can be started in a folder, changing nothing.
 *
 * @throws {UsageError} if it holds a run and `overwrite` is not set, or holds
 * anything that is not a run.
 */
export async function checkFree(
  path: string,
  overwrite: boolean,
): Promise<void> {
  const entries = await describing(
    `start a run in ${path}`,
    () => list(path),
  );
  // What a start has left that was cut off at its first file is nobody's.
  if (!entries?.some((name) => name !== LOCK && !isPartial(name))) return;
  const isRun = await isRunFolder(path);
  if (isRun && overwrite) return;
  throw new UsageError(
    isRun
      ? `Cannot start a run in ${path}: it holds a run already; ` +
        "choose another folder with --run, or replace it with --overwrite"
      : `Cannot start a run in ${path}: the folder is not empty and ` +
        "holds no run; choose another folder with --run",
  );
}

/**
 * Checks that a run which is to be replaced is not what the new one starts from,
 * however the file's path is spelt and whatever links lead there.
 *
 * @param path The run's folder.
 * @param source The checkpoint to start from, if there is one.
 * @throws {UsageError} if it is a file of that run.
 */
export async function checkNotSource(
  path: string,
  source: string | undefined,
): Promise<void> {
  if (source === undefined) return;
  const real = (path: string) => Deno.realPath(path).catch(() => undefined);
  const [run, file] = [await real(path), await real(source)];
  if (run === undefined || file === undefined) return;
  const [part] = relative(run, file).split(sep);
  if (!(Object.values(FILES) as (string | undefined)[]).includes(part)) return;
  throw new UsageError(
    `Cannot start a run in ${path}: it would start from ${source}, which is ` +
      "that run's own and would be removed first; choose another folder with " +
      `--run, or go on with it: ${taskLine("train", "--resume", path)}`,
  );
}

// Whether a folder has a manifest of groklab's, damaged or not: to be replaced it
// need not be whole.
async function isRunFolder(path: string): Promise<boolean> {
  if (!await lstat(join(path, FILES.manifest))) return false;
  await checkRegular(path);
  try {
    const text = await Deno.readTextFile(join(path, FILES.manifest));
    return typeof JSON.parse(text).groklab === "string";
  } catch {
    return false;
  }
}

const lstat = (path: string) => Deno.lstat(path).catch(ignoreMissing);

/**
 * Removes what a run consists of and nothing else that lies there.
 *
 * @throws {TypeError} if the path is no text.
 */
export async function removeRun(path: string): Promise<void> {
  checkArgument("removeRun()", "path", path, pathCheck);
  await checkRegular(path);
  await removeCopies(path);
  const { manifest, checkpoints, optimizer, extensions: _, ...files } = FILES;
  for (const folder of [checkpoints, optimizer]) {
    for (const name of await list(join(path, folder)) ?? []) {
      if (!CHECKPOINT.test(name)) continue;
      await Deno.remove(join(path, folder, name));
    }
  }
  for (const folder of ["", checkpoints, optimizer]) {
    await removePartial(join(path, folder));
  }
  for (const name of [...Object.values(files), manifest]) {
    await Deno.remove(join(path, name)).catch(ignoreMissing);
  }
}

// The copies of extensions that the run's sums name, and folders that are empty
// then. Where the sums are damaged nobody knows which they are: they stay.
async function removeCopies(path: string): Promise<void> {
  const folder = join(path, FILES.extensions);
  if (!await lstat(folder)) return;
  const sums = await sumsOf(path, true).catch(() => undefined);
  for (const name of sums?.files.keys() ?? []) {
    if (!name.startsWith(`${FILES.extensions}/`)) continue;
    await Deno.remove(join(path, name)).catch(ignoreMissing);
  }
  await removeEmpty(folder);
}

async function removeEmpty(folder: string): Promise<void> {
  for (
    const { name, isDirectory } of await Array.fromAsync(Deno.readDir(folder))
  ) {
    if (isDirectory) await removeEmpty(join(folder, name));
  }
  await removePartial(folder);
  if ((await list(folder))?.length === 0) await Deno.remove(folder);
}

/**
 * Makes a new folder for a run that was given none: `runs/` and the time.
 *
 * @param config Named after its task, model and seed.
 * @throws {FileError} if it cannot be made.
 */
export async function newRunPath(config: Config): Promise<string> {
  checkArgument("newRunPath()", "config", config, configCheck);
  const { task, modulus, model, seed } = config;
  const { settings } = definitionsOf(config).task;
  const time = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
  const what = "modulus" in settings ? `${task}${modulus}` : task;
  const path = join("runs", `${time}-${what}-${model}-seed${seed}`);
  return await describing(`start a run in ${path}`, async () => {
    await Deno.mkdir("runs", { recursive: true });
    for (let n = 1;; n++) {
      const candidate = n === 1 ? path : `${path}-${n}`;
      try {
        // Who makes the folder has it: a run started in the same second, from
        // another terminal, takes the next number.
        await Deno.mkdir(candidate);
        return candidate;
      } catch (error) {
        if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      }
    }
  });
}
