/**
 * Reading a recipe that the command line names.
 *
 * @module
 */

import { resolve } from "node:path";
import { useNamed } from "../shared/use.ts";
import type { Entry } from "../../lib/records/entry.ts";
import { Option, stepNumber } from "../shared/cli.ts";

/**
 * The hidden flag of a smaller task, for tests: what comes of it says nothing about the
 * table.
 */
export const MODULUS_FLAG = new Option(
  "--modulus <p>",
  "another task, for tests",
).argParser(stepNumber).hideHelp();

/**
 * Reads a recipe, takes the module that it names in use, and looks at its settings.
 *
 * @param path The recipe's file.
 * @param modulus Another task, in tests.
 * @throws {UsageError} naming what is wrong with it.
 * @throws {FileError} if it cannot be read.
 */
export async function entryNamed(
  path: string,
  modulus?: number,
): Promise<Entry> {
  const { readRecipe } = await import("../../lib/records/recipe.ts");
  const recipe = await readRecipe(path);
  if (recipe.use) await useNamed(["--use", resolve(recipe.use.module)]);
  const { entryOf } = await import("../../lib/records/entry.ts");
  return entryOf(recipe, path, modulus);
}
