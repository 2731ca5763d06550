/**
 * Trials: a moment's training of each kind of run, to see what its steps cost.
 *
 * @module
 */

import { join } from "node:path";
import type { Config } from "../../config/config.ts";
import { ignoreMissing, list } from "../../runs/layout.ts";
import type { Costs } from "./cost.ts";
import type { Lane } from "./lane.ts";

const TRIAL = ".trial-";

/**
 * Trains each kind of run that has never been seen for a moment.
 *
 * @param lanes Threads, which go side by side.
 * @param configs The runs.
 * @param costs What is learned of them.
 * @param parent Where a folder for it can be made; it is removed again.
 * @param signal Ends it between two trials.
 * @returns How many kinds were tried.
 */
export async function tryKinds(
  lanes: readonly Lane[],
  configs: Iterable<Config>,
  costs: Costs,
  parent: string,
  signal?: AbortSignal,
): Promise<number> {
  const unknown = new Map<string, Config>();
  for (const config of configs) {
    if (costs.msPerStep(config) !== undefined) continue;
    unknown.set(costs.keyOf(config), config);
  }
  const waiting = [...unknown.values()];
  const folder = join(parent, `${TRIAL}${Deno.pid}`);
  let tried = 0;
  try {
    await Promise.all(lanes.map(async (lane, i) => {
      for (;;) {
        const config = waiting.shift();
        if (!config || signal?.aborted) return;
        const ms = await lane.trial(config, join(folder, String(i)))
          // Why, is said when its turn comes.
          .catch(() => NaN);
        costs.learn(config, ms);
        tried += 1;
      }
    }));
  } finally {
    await Deno.remove(folder, { recursive: true }).catch(() => {});
  }
  return tried;
}

// Trials take moments; the folder of a process that is alive is young.
const OLD_MS = 60 * 60 * 1000;

/** Whether a name is that of a folder of trials. */
export function isTrial(name: string): boolean {
  return name.startsWith(TRIAL);
}

/**
 * Removes what killed processes left in a folder: trials, and other things of
 * moments.
 *
 * @param folder The folder; it need not be there.
 * @param isLeft Which names are such things.
 */
export async function removeOld(
  folder: string,
  isLeft: (name: string) => boolean = isTrial,
): Promise<void> {
  for (const name of (await list(folder) ?? []).filter(isLeft)) {
    const path = join(folder, name);
    const { mtime } = await Deno.lstat(path);
    if (mtime && Date.now() - mtime.getTime() < OLD_MS) continue;
    await Deno.remove(path, { recursive: true }).catch(ignoreMissing);
  }
}
