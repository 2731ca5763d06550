/**
 * Configs that differ in their seeds only.
 *
 * @module
 */

import type { Config } from "./config.ts";
import { usedModules } from "./used.ts";

/**
 * A text that is the same for configs that make the same network and the same
 * optimizer: those that differ in the seeds only. What an extension makes may depend
 * on them as well: with one in use the text has them.
 */
export function alikeKey(config: Config): string {
  const seeds = usedModules.length > 0 ? {} : { seed: 0, dataSeed: null };
  return JSON.stringify({ ...config, ...seeds });
}
