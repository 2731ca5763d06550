/**
 * Writing files whole or not at all.
 *
 * @module
 */

import { dirname, join, resolve } from "node:path";
import { UsageError } from "./errors.ts";

/** A file or folder that could not be read or written. */
export class FileError extends Error {
  /** What tells it from other errors. */
  override name = "FileError";
}

/** Whether an error says that there is no such file, or none can be there. */
export function isAbsent(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound ||
    error instanceof Deno.errors.NotADirectory;
}

/** Says what was being done when the system refused it. */
export async function describing<T>(
  action: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FileError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new FileError(`Cannot ${action}: ${reason}`, { cause: error });
  }
}

/**
 * Checks that the folder of a file to be written is there: one that is missing may
 * be a mistyped one, and nobody looks for what was put into it.
 *
 * @param path The file, or a folder to be made.
 * @throws {UsageError} if its folder is not there.
 */
export async function checkPlace(path: string): Promise<void> {
  const folder = dirname(path);
  const there = await Deno.stat(folder).catch((error) => {
    if (isAbsent(error)) return undefined;
    throw new FileError(`Cannot write ${path}: ${(error as Error).message}`, {
      cause: error,
    });
  });
  if (there?.isDirectory) return;
  if (there) {
    throw new FileError(`Cannot write ${path}: ${folder} is a file, no folder`);
  }
  throw new UsageError(
    `Cannot write ${path}: there is no folder ${folder}; make it first`,
  );
}

// What a file is called until it is whole.
const PARTIAL = /\.partial-\d+$/;

/** Whether a name is that of a file whose writing was cut off. */
export function isPartial(name: string): boolean {
  return PARTIAL.test(name);
}

/** Removes the files of a folder whose writing was cut off; it need not be there. */
export async function removePartial(folder: string): Promise<void> {
  try {
    for await (const { name, isFile } of Deno.readDir(folder)) {
      if (isFile && isPartial(name)) await Deno.remove(join(folder, name));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** What a file is to hold: text, bytes, or pieces of text one after the other. */
export type Contents =
  | string
  | Uint8Array
  | Iterable<string>
  | AsyncIterable<string>;

/**
 * Writes a file under another name and moves it into place once the disk has
 * it, so that whoever looks sees the old contents or the new, never a part, not
 * even after a power cut.
 *
 * @param path The file; its folder is made if need be.
 * @param contents What it is to hold.
 * @throws {FileError} saying what the system said.
 */
export async function writeWhole(
  path: string,
  contents: Contents,
): Promise<void> {
  await (await writeAside(path, contents)).place();
}

/** A file that the disk has, under another name. */
export interface Aside {
  /** Moves it into place. */
  place(): Promise<void>;
  /** Removes it. */
  drop(): Promise<void>;
}

/**
 * Writes a file under another name, so that what is wrong with several can be seen
 * before any is in place.
 *
 * @param path The file; its folder is made if need be.
 * @param contents What it is to hold.
 * @throws {FileError} saying what the system said.
 */
export async function writeAside(
  path: string,
  contents: Contents,
): Promise<Aside> {
  const written = await writtenAside(path, contents);
  await written.sync();
  return written;
}

/** A file that was written under another name; the disk may not have it yet. */
export interface Written extends Aside {
  /** Waits until the disk has it. */
  sync(): Promise<void>;
}

/**
 * Writes a file under another name, without waiting for the disk.
 *
 * @param path The file; its folder is made if need be.
 * @param contents What it is to hold.
 * @throws {FileError} saying what the system said.
 */
export async function writtenAside(
  path: string,
  contents: Contents,
): Promise<Written> {
  const partial = `${path}.partial-${Deno.pid}`;
  const drop = () => Deno.remove(partial).catch(() => {});
  const orDrop = <T>(work: () => Promise<T>) =>
    describing(`write ${path}`, async () => {
      try {
        return await work();
      } catch (error) {
        await drop();
        throw error;
      }
    });
  const file = await orDrop(() => put(partial, contents));
  return {
    sync: () =>
      orDrop(async () => {
        using _ = file;
        await file.syncData();
      }),
    place: () => orDrop(() => Deno.rename(partial, path)),
    drop,
  };
}

async function put(path: string, contents: Contents): Promise<Deno.FsFile> {
  const file = await created(path);
  const pieces = typeof contents === "string"
    ? [new TextEncoder().encode(contents)]
    : contents instanceof Uint8Array
    ? [contents]
    : batches(contents);
  try {
    for await (let bytes of pieces) {
      while (bytes.length > 0) bytes = bytes.subarray(await file.write(bytes));
    }
  } catch (error) {
    file.close();
    throw error;
  }
  return file;
}

// A new file. Mostly its folder is there, and no file of its name: what a kill left
// under that name, a link for all one knows, is not written through.
async function created(path: string): Promise<Deno.FsFile> {
  const create = () => Deno.open(path, { write: true, createNew: true });
  try {
    return await create();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      await Deno.mkdir(dirname(path), { recursive: true });
    } else if (error instanceof Deno.errors.AlreadyExists) {
      await Deno.remove(path);
    } else throw error;
  }
  return await create();
}

// So many letters are written at a time.
const BATCH = 1 << 16;

async function* batches(
  pieces: Iterable<string> | AsyncIterable<string>,
): AsyncGenerator<Uint8Array, void, void> {
  const encoder = new TextEncoder();
  let text = "";
  for await (const piece of pieces) {
    text += piece;
    if (text.length < BATCH) continue;
    yield encoder.encode(text);
    text = "";
  }
  yield encoder.encode(text);
}

/**
 * Makes a folder, and those that it lies in.
 *
 * @returns What was not there before, the innermost first.
 */
export async function makeFolders(path: string): Promise<string[]> {
  const made: string[] = [];
  for (let folder = resolve(path);; folder = dirname(folder)) {
    const there = await Deno.stat(folder).then(() => true, () => false);
    if (there || folder === dirname(folder)) break;
    made.push(folder);
  }
  await Deno.mkdir(path, { recursive: true });
  return made;
}

/** Removes folders, in their order, as far as nothing lies in them. */
export function removeEmpty(folders: readonly string[]): void {
  try {
    for (const folder of folders) Deno.removeSync(folder);
  } catch {
    // Something lies in it, or it is gone already.
  }
}

/** Waits until the disk has what was written to a file. */
export async function onDisk(path: string): Promise<void> {
  using file = await Deno.open(path, { write: true });
  await file.syncData();
}

/**
 * Moves files into a folder, in place of those of the same names: all of them,
 * or where that fails none, the old ones being there again.
 *
 * @param names The files, in the order in which they are to appear.
 * @param from Where they lie; on the same file system.
 * @param to The folder.
 * @throws {FileError} saying what the system said.
 */
export function replaceFiles(
  names: readonly string[],
  from: string,
  to: string,
): Promise<void> {
  return describing(`move ${names.join(", ")} into ${to}`, async () => {
    const before = join(from, "before");
    await Deno.mkdir(before);
    const undo: (() => Promise<void>)[] = [];
    try {
      for (const name of names) {
        const [old, kept] = [join(to, name), join(before, name)];
        try {
          await Deno.rename(old, kept);
        } catch (error) {
          if (error instanceof Deno.errors.NotFound) continue;
          throw error;
        }
        undo.push(() => Deno.rename(kept, old));
      }
      for (const name of names) {
        await Deno.rename(join(from, name), join(to, name));
        undo.push(() => Deno.remove(join(to, name)));
      }
    } catch (error) {
      for (const step of undo.reverse()) await step();
      throw error;
    }
  });
}
