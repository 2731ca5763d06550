/**
 * `deno task record check`: whether what a recipe states holds.
 *
 * @module
 */

import { training } from "./run.ts";

/** The subcommand. */
export const check = training(
  "check",
  "Train the seeds of a recipe, and say whether what it states holds.",
  ["my-recipe.json", "docs/records/embedding-decay/recipe.json --jobs 2"],
  "0 what the recipe states holds, 1 it does not, or a seed failed",
);
