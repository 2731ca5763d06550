/**
 * The entries that are published, and their order.
 *
 * @module
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { list } from "../runs/layout.ts";
import { readRecipe, type Recipe } from "./recipe.ts";
import { FILES, readResult, type Result } from "./result.ts";
import { isBefore, type Standing, standingOf, type Step } from "./standing.ts";
import { type TrackName, tracks } from "./tracks.ts";

/** Where published entries lie: in a clone, a folder each. */
export const PUBLISHED: string = fileURLToPath(
  new URL("../../docs/records/", import.meta.url),
);

/** A published recipe. */
export interface Listed {
  /** The recipe. */
  readonly recipe: Recipe;
  /** What its runs came to; undefined where it has not been run. */
  readonly result: Result | undefined;
  /** What that comes to. */
  readonly standing: Standing | undefined;
}

/**
 * All published recipes, by name.
 *
 * @param folder Where they lie; none where it is not there.
 * @throws {UsageError} if a recipe is none.
 * @throws {SyntaxError} if a result is none.
 * @throws {FileError} if something cannot be read.
 */
export async function listed(folder: string = PUBLISHED): Promise<Listed[]> {
  const names = (await list(folder) ?? []).sort();
  return await Promise.all(names.map(async (name) => {
    const recipe = await readRecipe(join(folder, name, FILES.recipe));
    const result = await readResult(join(folder, name));
    const standing = result && standingOf(result.outcomes);
    return { recipe, result, standing };
  }));
}

/** A published recipe that has been run. */
export type Run = Listed & {
  readonly result: Result;
  readonly standing: Standing;
};

/** Whether a recipe has been run. */
export function isRun(entry: Listed): entry is Run {
  return entry.result !== undefined;
}

/**
 * The entries of a track, the fastest first; of two of one median that whose interval
 * ends first, and then by name. Those whose runs break the track's rule are left out.
 *
 * @param entries All.
 * @param track The track.
 */
export function ranked(entries: readonly Listed[], track: TrackName): Run[] {
  return entries.filter(isRun)
    .filter(({ recipe, standing }) =>
      (track === "any" || recipe.tracks.includes(track)) &&
      tracks[track].fails?.(standing) === undefined
    )
    .sort((a, b) =>
      compared(a.standing.median, b.standing.median) ||
      compared(a.standing.interval[1], b.standing.interval[1]) ||
      (a.recipe.name < b.recipe.name ? -1 : 1)
    );
}

const compared = (a: Step, b: Step) =>
  isBefore(a, b) ? -1 : isBefore(b, a) ? 1 : 0;
