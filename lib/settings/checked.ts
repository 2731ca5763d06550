/**
 * The values of settings, checked, with the defaults of what was left out.
 *
 * @module
 */

import * as v from "../base/valibot.ts";
import { UsageError } from "../base/errors.ts";
import { didYouMean } from "../base/nearest.ts";
import { valuesMeant } from "./meant.ts";
import type { Setting, Settings, Values } from "./setting.ts";

/**
 * What a value that is no name may have been meant as: " (did you mean adamw?)";
 * empty where nothing is near.
 *
 * @param key The setting's key.
 * @param setting The setting.
 * @param issue What its schema has against the value.
 */
export function nameHint(
  key: string,
  { names }: Setting,
  { input }: v.BaseIssue<unknown>,
): string {
  if (!names || typeof input !== "string") return "";
  return didYouMean(valuesMeant(key, input, names));
}

/** A value as a message shows it. */
export const shown = (value: unknown): string =>
  typeof value === "number" || value === undefined
    ? String(value)
    : JSON.stringify(value);

/**
 * The values of some settings: what was given, else the defaults.
 *
 * @param settings The settings.
 * @param given Values by key; other keys are passed over.
 * @param flagOf What a key is called in messages.
 * @throws {UsageError} naming the flag, what it must be and what it is.
 */
export function checkedSettings<S extends Settings>(
  settings: S,
  given: Readonly<Record<string, unknown>>,
  flagOf: (key: string) => string,
): Values<S> {
  const values = Object.entries(settings).map(([key, { schema, preset }]) => {
    const value = given[key] === undefined ? preset : given[key];
    const result = v.safeParse(schema, value);
    if (result.success) return [key, result.output];
    const [issue] = result.issues;
    throw new UsageError(
      `${flagOf(key)} ${issue.message}, got ${shown(value)}` +
        nameHint(key, settings[key]!, issue),
    );
  });
  return Object.fromEntries(values);
}
