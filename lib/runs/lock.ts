/**
 * The right to train in a folder: one process has it at a time.
 *
 * The system gives a lock on a file back when its process ends, however it ends.
 * On some shared folders there are no such locks, or they hold on one machine
 * only; so the file says too whose it is.
 *
 * @module
 */

import { join } from "node:path";
import { UsageError } from "../base/errors.ts";
import {
  describing,
  isAbsent,
  makeFolders,
  removeEmpty,
} from "../base/files.ts";
import { isObject, type Unchecked } from "../base/json.ts";
import { regular } from "../base/sums.ts";
import { LOCK } from "./layout.ts";
import { checkArgument, pathCheck } from "../base/options.ts";

/** Whose a lock is. */
interface Owner {
  /** The machine's name; null where it may not be asked. */
  readonly host: string | null;
  /** The process. */
  readonly pid: number;
  /** When it took the lock, ISO 8601, UTC. */
  readonly since: string;
}

/**
 * Keeps other processes from training in a folder, until this one ends, be it by
 * a kill, or gives the lock back.
 *
 * @param path The folder; made if need be, and then removed again if it is empty
 * when the lock is given back.
 * @returns What gives it back.
 * @throws {UsageError} if another process has it, or had it on another machine
 * and did not give it back.
 * @throws {FileError} if the folder cannot be written.
 */
export async function lockRun(path: string): Promise<Disposable> {
  checkArgument("lockRun()", "path", path, pathCheck);
  const made = await describing(
    `start a run in ${path}`,
    () => makeFolders(path),
  );
  const file = join(path, LOCK);
  try {
    return await take(path, file, made);
  } catch (error) {
    removeEmpty(made);
    throw error;
  }
}

/**
 * Whether another process trains in a folder, as far as can be seen.
 *
 * @throws {TypeError} if the path is no text.
 */
export async function isLocked(path: string): Promise<boolean> {
  checkArgument("isLocked()", "path", path, pathCheck);
  const file = join(path, LOCK);
  try {
    if (!await regular(file)) return false;
    // Who only looks asks for less than who trains: it may not be able to write.
    using lock = await Deno.open(file, { read: true });
    const granted = await tryLock(lock, false);
    return granted === false || isForeign(await ownerIn(file), granted);
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

async function take(
  path: string,
  file: string,
  made: readonly string[],
): Promise<Disposable> {
  for (;;) {
    await regular(file);
    const opened = await describing(`lock the run ${path}`, () => open(file));
    if (!opened) continue;
    const { lock, fresh } = opened;
    try {
      const granted = await tryLock(lock);
      const owner = await ownerIn(file);
      if (granted === false) throw busy(path, owner);
      // Where the system has no locks, who makes the file has it.
      if (!fresh && isForeign(owner, granted)) {
        throw abandoned(path, file, owner);
      }
      // Who had it before may have removed the file between opening and locking.
      if (!await isSame(lock, file)) {
        lock.close();
        continue;
      }
      await lock.truncate();
      const text = `${JSON.stringify(thisProcess())}\n`;
      await lock.write(new TextEncoder().encode(text));
      return { [Symbol.dispose]: () => giveBack(lock, file, made) };
    } catch (error) {
      lock.close();
      throw error;
    }
  }
}

// The file, made if need be; undefined where it was there, and then was not.
async function open(
  file: string,
): Promise<{ lock: Deno.FsFile; fresh: boolean } | undefined> {
  const access = { read: true, write: true };
  try {
    const lock = await Deno.open(file, { ...access, createNew: true });
    return { lock, fresh: true };
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
  try {
    return { lock: await Deno.open(file, access), fresh: false };
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
}

// Whether the system gave a lock; undefined where it has none for this folder.
function tryLock(
  file: Deno.FsFile,
  exclusive = true,
): Promise<boolean | undefined> {
  return file.tryLock(exclusive).catch(() => undefined);
}

// Whether a lock that is there may be that of a process which cannot be seen from
// here: a process of this machine that has ended lost its lock.
function isForeign(
  owner: Owner | undefined,
  granted: boolean | undefined,
): boolean {
  if (granted === undefined) return true;
  const { host } = thisProcess();
  return owner !== undefined && owner.host !== null && host !== null &&
    owner.host !== host;
}

async function ownerIn(file: string): Promise<Owner | undefined> {
  try {
    const read = JSON.parse(await Deno.readTextFile(file));
    const owner: Unchecked<Owner> = isObject(read) ? read : {};
    const { host, pid, since } = owner;
    const named = host === null || typeof host === "string";
    if (named && Number.isSafeInteger(pid) && typeof since === "string") {
      return owner as Owner;
    }
  } catch {
    // Empty, or cut short: its process ended while it took the lock.
  }
}

async function isSame(file: Deno.FsFile, path: string): Promise<boolean> {
  const { ino } = await file.stat();
  return (await regular(path))?.ino === ino;
}

function giveBack(
  lock: Deno.FsFile,
  file: string,
  made: readonly string[],
): void {
  try {
    // The folder may have been replaced by another, with a lock of its own.
    if (Deno.statSync(file).ino === lock.statSync().ino) Deno.removeSync(file);
  } catch {
    // It is gone already.
  }
  lock.close();
  removeEmpty(made);
}

/** This process, as a lock names it. */
function thisProcess(): Owner {
  const asked = { name: "sys", kind: "hostname" } as const;
  const allowed = Deno.permissions.querySync(asked).state === "granted";
  return {
    host: allowed ? Deno.hostname() : null,
    pid: Deno.pid,
    since: new Date().toISOString(),
  };
}

// " (process 12 on host, since then)", or nothing where it does not say.
function named(owner: Owner | undefined): string {
  if (!owner) return "";
  const { host, pid, since } = owner;
  return ` (process ${pid}${
    host === null ? "" : ` on ${host}`
  }, since ${since})`;
}

function busy(path: string, owner: Owner | undefined): UsageError {
  return new UsageError(
    `Cannot train in ${path}: another process is training this run` +
      `${named(owner)}; wait for it, or stop it first`,
  );
}

function abandoned(
  path: string,
  file: string,
  owner: Owner | undefined,
): UsageError {
  return new UsageError(
    `Cannot train in ${path}: another process is training this run, or was ` +
      `killed${
        named(owner)
      }, which cannot be seen from here; if it has ended, ` +
      `remove ${file}`,
  );
}
