/**
 * What lies in the place of a file of a run: that run cannot go on, others can.
 *
 * @module
 */

import { FileError, isAbsent } from "../base/files.ts";

/** A folder lies where a file of a single run belongs. */
export class ObstacleError extends FileError {}

/**
 * Reads a file of a run.
 *
 * @param action What is being done.
 * @param path The file.
 * @param read Reads it.
 * @returns Undefined where it is not there.
 * @throws {ObstacleError} if it is a folder.
 * @throws {FileError} saying what else the system said.
 */
export async function unobstructed<T>(
  action: string,
  path: string,
  read: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isAbsent(error)) return undefined;
    if (error instanceof FileError) throw error;
    const info = await Deno.stat(path).catch(() => undefined);
    const reason = info?.isDirectory
      ? "it is a folder; wanted a file: move the folder away"
      : (error as Error).message;
    const Kind = info?.isDirectory ? ObstacleError : FileError;
    throw new Kind(`Cannot ${action}: ${reason}`, { cause: error });
  }
}

/**
 * Keeps an obstacle to one run from those that only look.
 *
 * @param work May meet one.
 * @param problems Gets it in words.
 * @returns Undefined where it did.
 */
export async function noting<T>(
  work: Promise<T>,
  problems: string[] = [],
): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof ObstacleError)) throw error;
    problems.push(error.message);
    return undefined;
  }
}
