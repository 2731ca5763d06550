/**
 * What killed processes leave beside the runs: trials of a moment, and copies that
 * were not whole yet.
 *
 * @module
 */

import { join } from "node:path";
import { isPartial, removePartial } from "../base/files.ts";
import { ignoreMissing, list } from "../runs/layout.ts";
import type { Places } from "./layout.ts";

const TRIAL = ".trial-";

/** Where this process tries how long a step takes. */
export function trialFolder({ here }: Places): string {
  return join(here, `${TRIAL}${Deno.pid}`);
}

// Trials and copies take moments; the folder of a process that is alive is young.
const OLD_MS = 60 * 60 * 1000;

/**
 * Removes what killed processes left beside the runs of figures.
 *
 * @param places Where figures lie.
 * @param figures Their names.
 */
export async function removeLeftovers(
  { here }: Places,
  figures: readonly string[],
): Promise<void> {
  await removeOld(here, (name) => name.startsWith(TRIAL));
  for (const figure of figures) {
    await removePartial(join(here, figure));
    for (const scale of ["full", "quick"]) {
      await removeOld(join(here, figure, scale), isPartial);
    }
  }
}

async function removeOld(
  folder: string,
  isLeft: (name: string) => boolean,
): Promise<void> {
  for (const name of (await list(folder) ?? []).filter(isLeft)) {
    const path = join(folder, name);
    const { mtime } = await Deno.lstat(path);
    if (mtime && Date.now() - mtime.getTime() < OLD_MS) continue;
    await Deno.remove(path, { recursive: true }).catch(ignoreMissing);
  }
}
