/**
 * What killed processes leave beside the runs: trials of a moment, and copies that
 * were not whole yet.
 *
 * @module
 */

import { join } from "node:path";
import { isPartial, removePartial } from "../base/files.ts";
import { isTrial, removeOld } from "../train/threads/trials.ts";
import type { Places } from "./layout.ts";

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
  await removeOld(here, isTrial);
  for (const figure of figures) {
    await removePartial(join(here, figure));
    for (const scale of ["full", "quick"]) {
      await removeOld(join(here, figure, scale), isPartial);
    }
  }
}
