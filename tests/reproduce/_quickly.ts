/**
 * Reproducing the figure that takes a moment.
 *
 * @module
 */

import type { ReproduceOptions } from "../../lib/reproduce/options.ts";
import { reproduce } from "../../lib/reproduce/reproduce.ts";
import { figures, placesIn } from "./_tiny.ts";

/** Reproduces it in its quick form, in a folder. */
export const quickly = (folder: string, options: ReproduceOptions = {}) =>
  reproduce(["tiny"], {
    figures,
    places: placesIn(folder),
    scale: "quick",
    ...options,
  });
