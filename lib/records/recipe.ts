/**
 * Recipes: one file each that says how to train, by whom it is, and in which tracks it
 * stands.
 *
 * @module
 */

import { dirname, resolve } from "node:path";
import { UsageError } from "../base/errors.ts";
import { describing } from "../base/files.ts";
import { parseJson } from "../base/json.ts";
import { didYouMean, meant } from "../base/nearest.ts";
import { sha256 } from "../base/sums.ts";
import * as v from "../base/valibot.ts";
import type { ConfigInput } from "../config/config.ts";
import { shown } from "../settings/checked.ts";
import { type TrackName, trackNames } from "./tracks.ts";

/** A recipe, as its file has it. */
export interface Recipe {
  /** Its name: that of its folder and of its runs. */
  readonly name: string;
  /** What it is, in a few words. */
  readonly title: string;
  /** Whose it is. */
  readonly who: string;
  /** Where more stands about it. */
  readonly link?: string | undefined;
  /** The tracks that it enters beside that of any recipe. */
  readonly tracks: readonly TrackName[];
  /** How to train: keys of a config. */
  readonly settings: ConfigInput;
  /** A module of one's own, and the SHA-256 of its bytes. */
  readonly use?:
    | { readonly module: string; readonly sha256: string }
    | undefined;
  /** What its author says of it: the median step of 64 seeds, null for never. */
  readonly states?: { readonly median: number | null } | undefined;
  /** What anybody should know who reads its numbers. */
  readonly remark?: string | undefined;
}

const line = (most: number) =>
  v.pipe(
    v.string("must be a text"),
    v.check(
      (text) =>
        text.trim() !== "" && text.length <= most &&
        !/[\p{Cc}\p{Cf}]/u.test(text),
      `must be a line of at most ${most} characters`,
    ),
  );
const schema = v.strictObject({
  name: v.pipe(
    v.string("must be a text"),
    v.regex(
      /^[a-z0-9][a-z0-9-]{0,39}$/,
      "must be small letters, digits and -, at most 40",
    ),
  ),
  title: line(100),
  who: line(60),
  link: v.optional(
    v.pipe(
      v.string("must be a text"),
      v.regex(
        /^https?:\/\/[^\s<>()|]+$/,
        "must begin with https:// or http://",
      ),
    ),
  ),
  tracks: v.optional(
    v.array(
      v.picklist(trackNames, `must be a list out of ${trackNames.join(", ")}`),
      `must be a list out of ${trackNames.join(", ")}`,
    ),
    [],
  ),
  settings: v.record(v.string(), v.unknown(), "must be settings by key"),
  use: v.optional(
    v.strictObject({
      module: v.pipe(
        v.string("must be a text"),
        v.minLength(1, "must name a file"),
      ),
      sha256: v.pipe(
        v.string("must be a text"),
        v.regex(/^[0-9a-f]{64}$/, "must be a SHA-256 in hexadecimal"),
      ),
    }, "must be module and sha256"),
  ),
  states: v.optional(
    v.strictObject({
      median: v.nullable(
        v.pipe(
          v.number("must be a number of steps, or null"),
          v.safeInteger("must be a whole number of steps, or null"),
          v.minValue(0, "must be 0 or more"),
        ),
      ),
    }, "must be median"),
  ),
  remark: v.optional(line(600)),
}, "must be an object");

/**
 * Reads a recipe, and looks at everything that can be known of it before its module is
 * loaded.
 *
 * @param path The file.
 * @returns The recipe; the module's path is made absolute.
 * @throws {UsageError} naming what is wrong.
 * @throws {FileError} if it, or its module, cannot be read.
 */
export async function readRecipe(path: string): Promise<Recipe> {
  const text = await describing(`read ${path}`, () => Deno.readTextFile(path));
  const recipe = recipeOf(parsed(text, path), path);
  if (!recipe.use) return recipe;
  const module = resolve(dirname(path), recipe.use.module);
  const bytes = await describing(`read ${module}`, () => Deno.readFile(module));
  const sum = sha256(bytes);
  if (sum !== recipe.use.sha256) {
    throw new UsageError(
      `${
        begin(path)
      }use.sha256 must be that of ${recipe.use.module}, ${sum}, ` +
        `got ${recipe.use.sha256}`,
    );
  }
  return { ...recipe, use: { module, sha256: sum } };
}

/** How a refusal of a recipe begins. */
export function begin(path: string): string {
  return `Cannot enter the recipe ${path}: `;
}

function parsed(text: string, path: string): unknown {
  try {
    return parseJson(text, path, "a recipe");
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

/**
 * Holds the parsed contents of a recipe's file to its form.
 *
 * @param found The contents.
 * @param path The file, for messages.
 * @throws {UsageError} naming the first thing that is unknown or not what it must be.
 */
export function recipeOf(found: unknown, path: string): Recipe {
  const result = v.safeParse(schema, found);
  if (result.success) return result.output as Recipe;
  // A key that is misspelt may be the one that is missing.
  const isUnknown = (issue: v.BaseIssue<unknown>) =>
    issue.type === "strict_object" && issue.expected === "never";
  const issue = result.issues.find(isUnknown) ?? result.issues[0];
  const where = v.getDotPath(issue) ?? "it";
  if (isUnknown(issue)) {
    const known = issue.path!.length > 1
      ? issue.path![0]!.key === "use" ? ["module", "sha256"] : ["median"]
      : Object.keys(schema.entries);
    const key = String(issue.path!.at(-1)!.key);
    throw new UsageError(
      `${begin(path)}unknown key ${where}${didYouMean(meant(key, known))}: ` +
        `there are ${known.join(", ")}`,
    );
  }
  throw new UsageError(
    begin(path) + where + " " +
      (issue.input === undefined
        ? "is missing"
        : `${issue.message}, got ${shown(issue.input)}`),
  );
}
