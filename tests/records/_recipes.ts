/** Recipes, made by hand. */

import type { Outcome } from "../../lib/records/standing.ts";
import { recipeOf } from "../../lib/records/recipe.ts";
import { type Entry, entryOf } from "../../lib/records/entry.ts";

/** A recipe's file, parsed, with other fields than usual. */
export const contents = (
  fields: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> => ({
  name: "mine",
  title: "Mine",
  who: "me",
  settings: { steps: 400 },
  ...fields,
});

/** An entry of some settings. */
export const entry = (
  settings: Readonly<Record<string, unknown>>,
  fields: Readonly<Record<string, unknown>> = {},
): Entry =>
  entryOf(
    recipeOf(
      contents({ ...fields, settings: { steps: 400, ...settings } }),
      "r.json",
    ),
    "r.json",
  );

/** Outcomes of seeds, of which each has these steps. */
export const outcomes = (
  ...steps: readonly (readonly [number | null, number | null])[]
): Outcome[] =>
  steps.map(([memorised, grokked], seed) => ({ seed, memorised, grokked }));
