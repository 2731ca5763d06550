/**
 * What several models' options must be.
 *
 * @module
 */

import type { Input } from "../lib/data/definition.ts";
import { type Check, oneOf } from "../lib/base/options.ts";
import { inits } from "./init.ts";

/** One of the kinds of initial parameters. */
export const initCheck: Check = oneOf(Object.keys(inits));

/** What a model reads. */
export const inputCheck: Check = (value): string | undefined =>
  ["tokens", "numbers"].includes((value as Input | undefined)?.kind ?? "")
    ? undefined
    : "an input, whose kind is tokens or numbers";
