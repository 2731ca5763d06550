/**
 * The folders of runs that are taken over, and of runs that are damaged.
 *
 * @module
 */

import { cp } from "node:fs/promises";
import { join } from "node:path";
import { describing } from "../../base/files.ts";
import { checkRegular, LOCK } from "../../runs/layout.ts";
import { runPath } from "../layout.ts";

/** Where damaged runs are put that are begun again. */
export const DAMAGED = "damaged";

/** Whether the folder of a run is there. */
export const hasFolder = (folder: string, id: string): Promise<boolean> =>
  Deno.stat(runPath(folder, id)).then((it) => it.isDirectory, () => false);

/**
 * Puts a copy in the place of a run's folder, without the lock that a process of
 * another machine has left: should that one go on, it finds another folder than its
 * own and writes nothing more. What a kill cuts off here leaves the run, or none,
 * which is begun again.
 *
 * @throws {FileError} saying what the system said.
 */
export async function replaceByCopy(folder: string, id: string): Promise<void> {
  const path = runPath(folder, id);
  await describing(`take over the run ${path}`, async () => {
    const [copy, old] = [`${path}.partial-copy`, `${path}.partial-old`];
    const remove = async (name: string) =>
      await Deno.remove(name, { recursive: true }).catch((error) => {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      });
    await remove(copy);
    await remove(old);
    if (!await hasFolder(folder, id)) return;
    await checkRegular(path);
    await cp(path, copy, {
      recursive: true,
      // What else lies there, pipes too, is not the run's.
      filter: (source: string) =>
        source !== join(path, LOCK) && canBeCopied(source),
    });
    await Deno.rename(path, old);
    await Deno.rename(copy, path);
    await remove(old);
  });
}

function canBeCopied(path: string): boolean {
  const { isFile, isDirectory, isSymlink } = Deno.lstatSync(path);
  return isFile || isDirectory || isSymlink;
}

/**
 * Puts a damaged run where nobody takes it for one, so that it can be begun again.
 *
 * @returns Where it lies then.
 * @throws {FileError} saying what the system said.
 */
export async function setAside(folder: string, id: string): Promise<string> {
  const path = runPath(folder, id);
  return await describing(`set the run ${path} aside`, async () => {
    await Deno.mkdir(join(folder, DAMAGED), { recursive: true });
    for (let n = 1;; n++) {
      const aside = join(folder, DAMAGED, `${id}-${n}`);
      // Who has the run's claim is alone here.
      if (await Deno.stat(aside).then(() => true, () => false)) continue;
      await Deno.rename(path, aside);
      return aside;
    }
  });
}
