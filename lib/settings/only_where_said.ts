/**
 * Keys that came later, and that configs do not have which do not use them.
 *
 * @module
 */

import * as v from "../base/valibot.ts";
import type { Setting } from "./setting.ts";

/**
 * A setting as a key that only configs have which say something else than the
 * default: configs that were written before there was the key stay what they are.
 *
 * @param setting The setting.
 */
export function onlyWhereSaid<T>(setting: Setting<T>): Setting<T | undefined> {
  const { schema, preset } = setting;
  return {
    ...setting,
    schema: v.pipe(
      v.optional(schema),
      v.transform((value) => value === preset ? undefined : value),
    ),
    preset: undefined,
  };
}
