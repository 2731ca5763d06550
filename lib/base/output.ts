/**
 * Files that users have written where they say.
 *
 * @module
 */

import { UsageError } from "./errors.ts";
import { checkPlace } from "./files.ts";
import { fileInRun } from "./verified.ts";

/**
 * Checks the place of a file that is to be written: its folder is there, and it
 * is none of a run's files, which only training writes.
 *
 * @param path The file.
 * @throws {UsageError} if the place will not do.
 * @throws {FileError} if it cannot be looked at.
 */
export async function checkOutput(path: string): Promise<void> {
  await checkPlace(path);
  const owner = await fileInRun(path);
  if (!owner) return;
  throw new UsageError(
    `Cannot write ${path}: it is the place of a file of the run ${
      owner[0]
    }; choose another with --out`,
  );
}

/**
 * Refuses to replace a file.
 *
 * @param path The file.
 * @param overwrite Whether it may be replaced.
 * @throws {UsageError} if it is there and may not be.
 */
export async function checkUnused(
  path: string,
  overwrite: boolean,
): Promise<void> {
  const there = await Deno.stat(path).catch(() => undefined);
  if (!there) return;
  if (!there.isFile) {
    throw new UsageError(
      `Cannot write ${path}: it is no file; choose another with --out`,
    );
  }
  if (overwrite) return;
  throw new UsageError(
    `Cannot write ${path}: the file exists; replace it with --overwrite`,
  );
}
