/**
 * What functions are told beside their arguments: an option that is misspelt, or
 * given what it does not know, must not be passed over.
 *
 * @module
 */

import { UsageError } from "./errors.ts";
import { nearest } from "./nearest.ts";

/** Looks at a value; says what it must be where it is not that. */
export type Check = (value: unknown) => string | undefined;

/** A check of every option that there is. */
export type Checks<T> = { readonly [K in keyof T]-?: Check };

/** True or false. */
export const flag: Check = (value) =>
  typeof value === "boolean" ? undefined : "true or false";

/** A text. */
export const text: Check = (value) =>
  typeof value === "string" ? undefined : "a text";

/** A number. */
export const number: Check = (value) =>
  typeof value === "number" ? undefined : "a number";

/** A function. */
export const callback: Check = (value) =>
  typeof value === "function" ? undefined : "a function";

/** Checked where it is used. */
export const anything: Check = () => undefined;

/** A list. */
export const list: Check = (value) =>
  Array.isArray(value) ? undefined : "a list";

/** A whole number from a least one on. */
export const whole = (least: number): Check => (value) =>
  Number.isSafeInteger(value) && (value as number) >= least
    ? undefined
    : `a whole number, ${least} or more`;

/** A list of whole numbers from a least one on. */
export const wholes = (least: number): Check => (value) =>
  Array.isArray(value) && value.every((each) => !whole(least)(each))
    ? undefined
    : `a list of whole numbers, ${least} or more`;

/** The same, or null. */
export const orNull = (check: Check): Check => (value) => {
  const wanted = value === null ? undefined : check(value);
  return wanted && `${wanted}, or null`;
};

/** One of some names. */
export const oneOf = (names: readonly string[]): Check => (value) =>
  names.includes(value as string) ? undefined : `one of ${names.join(", ")}`;

/** A list of some names. */
export const someOf = (names: readonly string[]): Check => (value) => {
  const wrong = Array.isArray(value)
    ? value.find((name) => !names.includes(name))
    : value;
  return Array.isArray(value) && wrong === undefined
    ? undefined
    : `a list of ${names.join(", ")}`;
};

/** What ends a computation. */
export const signal: Check = (value) =>
  value instanceof AbortSignal ? undefined : "an AbortSignal";

/** A list of texts. */
export const named: Check = (value) =>
  Array.isArray(value) && value.every((name) => typeof name === "string")
    ? undefined
    : "a list of texts";

/** An object that is no list. */
export const object: Check = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? undefined
    : "an object";

/**
 * Refuses an argument of another type.
 *
 * @param what The function, for messages.
 * @param name What the argument is called.
 * @param value What it was given.
 * @param check What it must be.
 * @throws {TypeError} if it is not that.
 */
export function checkArgument(
  what: string,
  name: string,
  value: unknown,
  check: Check,
): void {
  const wanted = check(value);
  if (wanted === undefined) return;
  throw new TypeError(
    `Cannot call ${what} with ${
      shown(value)
    } for its ${name}: wanted ${wanted}`,
  );
}

/** The name of a file or folder. */
export const pathCheck: Check = (value) =>
  typeof value === "string"
    ? undefined
    : "a text, the name of a file or folder";

/** Bytes. */
export const bytesCheck: Check = (value) =>
  value instanceof Uint8Array ? undefined : "bytes, a Uint8Array";

/** A whole config; whether it fits together is looked at when it is made. */
export const configCheck: Check = (value) =>
  has(value, "task") && has(value, "seed") && has(value, "switches")
    ? undefined
    : "a config as resolveConfig() gives it";

/** What may be changed on the way. */
export const planCheck: Check = (value) =>
  has(value, "switches") ? undefined : "a config as resolveConfig() gives it";

/** An experiment. */
export const experimentCheck: Check = (value) =>
  has(value, "config") && has(value, "model") && has(value, "params")
    ? undefined
    : "an experiment as makeExperiment() gives it";

const has = (value: unknown, key: string) =>
  !object(value) && key in Object(value);

/**
 * Refuses what is no list of files or folders, and an empty one.
 *
 * @param what The function, for messages.
 * @param paths What it was given.
 * @throws {TypeError} if it is no list of texts.
 * @throws {UsageError} if it is empty.
 */
export function checkPaths(what: string, paths: unknown): void {
  checkArgument(what, "paths", paths, named);
  checkFilled(what, "paths", paths as readonly string[]);
}

/** The same of configs. */
export function checkConfigs(what: string, configs: unknown): void {
  checkArgument(what, "configs", configs, list);
  checkFilled(what, "configs", configs as readonly unknown[]);
  for (const config of configs as readonly unknown[]) {
    checkArgument(what, "config", config, configCheck);
  }
}

function checkFilled(what: string, name: string, given: readonly unknown[]) {
  if (given.length > 0) return;
  throw new UsageError(
    `Cannot call ${what} with an empty list of ${name}: name one at least`,
  );
}

const shown = (value: unknown) =>
  typeof value === "string"
    ? JSON.stringify(value)
    : typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : value === null
    ? "null"
    : Array.isArray(value)
    ? `[${value.join(", ")}]`
    : typeof value;

/**
 * Refuses options that there are not, and values that an option does not know. One
 * that is undefined is left out.
 *
 * @param what The function, for messages.
 * @param options What it was given.
 * @param checks What it knows.
 * @param needed What must not be left out.
 * @throws {TypeError} if these are no options.
 * @throws {UsageError} if one is unknown, missing, or is not what it must be.
 */
export function checkOptions<T extends object>(
  what: string,
  options: T,
  checks: Checks<T>,
  needed: readonly (keyof T & string)[] = [],
): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(
      `Cannot call ${what} with ${shown(options)} for options: they are an ` +
        "object",
    );
  }
  for (const [name, value] of Object.entries(options)) {
    const check = Object.hasOwn(checks, name)
      ? checks[name as keyof T]
      : undefined;
    if (!check) {
      throw new UsageError(
        `Unknown option ${JSON.stringify(name)} of ${what}: ` +
          nearest(name, Object.keys(checks)),
      );
    }
    if (value !== undefined) demand(name, value, check);
  }
  for (const name of needed) demand(name, options[name], checks[name]);

  function demand(name: string, value: unknown, check: Check): void {
    const wanted = check(value);
    if (wanted === undefined) return;
    throw new UsageError(
      `The option ${name} of ${what} must be ${wanted}, got ${shown(value)}`,
    );
  }
}

/**
 * Of what a caller was given, the options of a function that it calls.
 *
 * @param options What the caller was given.
 * @param checks What the function knows.
 */
export function only<T extends object>(options: T, checks: Checks<T>): T {
  return Object.fromEntries(
    Object.entries(options).filter(([name]) => Object.hasOwn(checks, name)),
  ) as T;
}
