/**
 * What the parts of an extension must be: each is looked at before any is added.
 *
 * @module
 */

import * as v from "../base/valibot.ts";
import { isObject, type Unchecked } from "../base/json.ts";
import { nearest } from "../base/nearest.ts";
import { callback, type Check, list, text } from "../base/options.ts";
import type { Setting } from "../settings/setting.ts";
import { KINDS } from "./extension.ts";

/** What must be there, and what may be. */
interface Shape {
  readonly needed: Readonly<Record<string, Check>>;
  readonly optional?: Readonly<Record<string, Check>>;
}

const filled: Check = (value) =>
  typeof value === "string" && value.trim() !== ""
    ? undefined
    : "a text that is not empty";
const oneOf = (...names: string[]): Check => (value) =>
  names.includes(value as string) ? undefined : `one of ${names.join(", ")}`;
const FLOATS = ["float16", "float32", "float64"];
const floats: Check = (value) =>
  Array.isArray(value) && value.length > 0 &&
    value.every((each) => FLOATS.includes(each))
    ? undefined
    : `a list out of ${FLOATS.join(", ")}`;
const settings: Check = (value) =>
  isObject(value) ? undefined : "an object of settings";

const COMPONENT = { summary: filled, settings };
const CHECKED = { check: callback, idle: callback };

const SHAPES: Readonly<Record<string, Shape>> = {
  tasks: {
    needed: {
      ...COMPONENT,
      form: callback,
      dataset: callback,
      describe: callback,
    },
    optional: CHECKED,
  },
  models: {
    needed: { ...COMPONENT, make: callback, describe: callback },
    optional: {
      ...CHECKED,
      refuses: callback,
      read: callback,
      draws: callback,
      projections: oneOf("joint", "apart"),
    },
  },
  losses: {
    needed: { ...COMPONENT, precisions: floats, make: callback },
    optional: CHECKED,
  },
  optimizers: {
    needed: { ...COMPONENT, make: callback },
    optional: CHECKED,
  },
  stages: {
    needed: {
      ...COMPONENT,
      by: filled,
      place: oneOf("gradient", "update"),
      make: callback,
    },
    optional: { ...CHECKED, isOn: callback },
  },
  // Of make and open one: looked at below.
  metrics: { needed: { summary: filled }, optional: {} },
  probes: {
    needed: {
      name: filled,
      describe: filled,
      needs: filled,
      of: oneOf("checkpoint", "run"),
      text: callback,
      compute: callback,
    },
    optional: { settings, costly: text, curves: callback },
  },
};

const SETTING: Shape["needed"] = {
  schema: (value) =>
    isObject(value) && typeof value["~run"] === "function"
      ? undefined
      : "a schema, as positive(), integer() and the others make it",
  value: text,
  kind: oneOf("number", "numbers", "text", "names", "flag", "none"),
  help: text,
};

// A name stands in lists, behind flags and in the names of folders.
const NAME = /^[\p{L}\p{N}⊥][\p{L}\p{N}_.⊥-]*$/u;
const KEY = /^[a-z][a-zA-Z0-9]*$/;

/**
 * What is wrong with the shape of an extension's parts, in words; undefined where
 * nothing is.
 *
 * @param parts What was given to `defineExtension()`.
 */
export function shapeProblem(
  parts: Readonly<Record<string, unknown>>,
): string | undefined {
  for (const [kind, named] of Object.entries(parts)) {
    if (!(KINDS as readonly string[]).includes(kind)) {
      return `it has ${kind}, which nothing is known of: ${
        nearest(kind, KINDS)
      }`;
    }
    if (named === undefined) continue;
    if (!isObject(named)) {
      return `its ${kind} must be an object, of definitions by name`;
    }
    for (const [name, definition] of Object.entries(named)) {
      const problem = nameProblem(name) ?? partProblem(kind, name, definition);
      if (problem !== undefined) return `of its ${kind} ${name} ${problem}`;
    }
  }
}

function nameProblem(name: string): string | undefined {
  if (NAME.test(name) && !(name in {})) return undefined;
  return "has a name that cannot be typed: letters, digits and hyphens may be " +
    "in it";
}

function partProblem(
  kind: string,
  name: string,
  definition: unknown,
): string | undefined {
  if (!isObject(definition)) {
    return "must be a definition, an object" +
      (typeof definition === "function" ? ", and is a function" : "");
  }
  const { needed, optional = {} } = SHAPES[kind]!;
  for (const [field, check] of Object.entries(needed)) {
    const wanted = check(definition[field]);
    if (wanted !== undefined) return `must have as ${field} ${wanted}`;
  }
  for (const [field, check] of Object.entries(optional)) {
    const value = definition[field];
    const wanted = value === undefined ? undefined : check(value);
    if (wanted !== undefined) return `must have as ${field} ${wanted}, or none`;
  }
  if (kind === "metrics") {
    const [graph, host] = [definition["make"], definition["open"]];
    if ((typeof graph === "function") === (typeof host === "function")) {
      return "must have either make or open, a function";
    }
  }
  if (kind === "probes" && definition["name"] !== name) {
    return `must stand under its own name, ${definition["name"]}`;
  }
  const own = definition["settings"] ?? {};
  for (const [key, setting] of Object.entries(own)) {
    const problem = settingProblem(key, setting);
    if (problem !== undefined) return `has a setting ${key} that ${problem}`;
  }
  const by = definition["by"];
  if (kind === "stages" && !Object.hasOwn(own, by as string)) {
    return `must have ${by}, by which it is switched on, among its settings`;
  }
}

function settingProblem(key: string, setting: unknown): string | undefined {
  if (!KEY.test(key) || key in {}) {
    return "has no name in camelCase, as hingeMargin";
  }
  if (/^no[A-Z]/.test(key)) {
    return "begins with no: of a yesNo() --no- is made by itself";
  }
  if (!isObject(setting)) return "is none, as positive() and integer() make it";
  for (const [field, check] of Object.entries(SETTING)) {
    const wanted = check(setting[field]);
    if (wanted !== undefined) return `must have as ${field} ${wanted}`;
  }
  // It may be undefined: of a key that a config has only where it is said.
  if (!("preset" in setting)) return "must have as preset the default";
  const { schema, preset, names } = setting as Unchecked<Setting> as Setting;
  if (names !== undefined && list(names) !== undefined) {
    return "must have as names a list";
  }
  const result = v.safeParse(schema, preset);
  return result.success
    ? undefined
    : `has a default that it refuses: it ${result.issues[0].message}`;
}
