/**
 * What lies in the place of a file of a run: that run cannot go on, others can.
 *
 * @module
 */

import { FileError, isAbsent } from "../base/files.ts";
import { sortOf } from "../base/sums.ts";

/** What is no regular file lies where a file of a single run belongs. */
export class ObstacleError extends FileError {}

/**
 * Reads a file of a run.
 *
 * @param action What is being done.
 * @param path The file.
 * @param read Reads it. A pipe would have it wait for ever, a device read for ever.
 * @returns Undefined where it is not there.
 * @throws {ObstacleError} if it is no regular file.
 * @throws {FileError} saying what else the system said.
 */
export async function unobstructed<T>(
  action: string,
  path: string,
  read: () => Promise<T>,
): Promise<T | undefined> {
  try {
    const info = await Deno.lstat(path);
    if (info.isFile) return await read();
    const sort = sortOf(info);
    throw new ObstacleError(
      `Cannot ${action}: it is ${sort}; wanted a file: move the ` +
        `${sort.replace(/^an? /, "")} away`,
    );
  } catch (error) {
    if (isAbsent(error)) return undefined;
    if (error instanceof FileError) throw error;
    throw new FileError(`Cannot ${action}: ${(error as Error).message}`, {
      cause: error,
    });
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
