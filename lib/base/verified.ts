/**
 * Reading files that users name, and that may be a run's: these are held to its
 * sums.
 *
 * @module
 */

import { basename, dirname, join, resolve } from "node:path";
import { describing } from "./files.ts";
import { isRun, readFile, readOfRun } from "./sums.ts";

const STEP_FILE = /^(checkpoints|optimizer)[/\\]step-\d{8,}\.onnx$/;
const FILE = /^((config|manifest|split|summary)\.json|metrics\.jsonl)$/;

/**
 * Reads a file, and holds it to the sum of the run that it belongs to, if it does;
 * a link to one is none the less of the run.
 *
 * @param path The file.
 * @throws {DamagedError} if it is not what was written.
 * @throws {FileError} if it cannot be read, or is no file.
 */
export async function readVerified(
  path: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const held = await fileInRun(path) ??
    await fileInRun(await describing(`read ${path}`, () => realPath(path)));
  const bytes = held && await readOfRun(held[0], held[1]);
  return bytes ?? await readFile(path);
}

/** The text of a file that is read so. */
export async function verifiedText(path: string): Promise<string> {
  return new TextDecoder().decode(await readVerified(path));
}

const realPath = (path: string) => Deno.realPath(path);

/**
 * Which run a file belongs to, and as what; undefined where it is none of a run's.
 *
 * @param path The file.
 */
export async function fileInRun(
  path: string,
): Promise<[run: string, name: string] | undefined> {
  const name = basename(path);
  const named = dirname(path);
  const folder = named === "." ? resolve(named) : named;
  if (FILE.test(name)) {
    return await isRun(folder) ? [folder, name] : undefined;
  }
  const part = basename(folder);
  const run = dirname(folder);
  return STEP_FILE.test(join(part, name)) && await isRun(run)
    ? [run, `${part}/${name}`]
    : undefined;
}
