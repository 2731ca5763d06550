/**
 * From the words of `groklab sweep plan` to values: `key=value,value`.
 *
 * @module
 */

import * as v from "../../lib/base/valibot.ts";
import {
  type Config,
  ConfigError,
  type ConfigInput,
  configSettings,
} from "../../lib/config/config.ts";
import { keyOf } from "../../lib/sweeps/keys.ts";

/**
 * The values that `--grid`, or a flag like it, names, by key.
 *
 * @throws {ConfigError} if a text names none, or a key is named twice.
 */
export function gridOf(
  texts: readonly string[],
  flag = "--grid",
): Record<string, readonly unknown[]> {
  return byKey(
    flag,
    "key=value,value,…",
    texts,
    (key, text) =>
      partsOf(text).map((part) => {
        if (part !== "") return valueIn(key, part, true);
        throw new ConfigError(
          `${flag} ${key} must have values with commas between them, got ` +
            `${key}=${text}`,
        );
      }),
  );
}

/**
 * What `--cell` names: `lr=0.01,loss=softmax`, a value by each key.
 *
 * @throws {ConfigError} if a text names none, or a key is named twice.
 */
export function pointOf(text: string): Record<string, unknown> {
  return byKey(
    "--cell",
    "key=value,key=value,…",
    partsOf(text),
    (key, value) => valueIn(key, value, true),
  );
}

/**
 * The values that `--set` names, by key.
 *
 * @throws {ConfigError} if a text names none, or a key is named twice.
 */
export function setOf(texts: readonly string[]): ConfigInput {
  return byKey("--set", "key=value", texts, (key, text) => {
    if (text !== "") return valueIn(key, text, false);
    throw new ConfigError(`--set ${key} must have a value, got ${key}=`);
  });
}

function byKey<T>(
  flag: string,
  form: string,
  texts: readonly string[],
  read: (key: keyof Config, text: string) => T,
): Record<string, T> {
  const found: Record<string, T> = {};
  for (const text of texts) {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
    if (name === undefined || value === undefined) {
      throw new ConfigError(`${flag} must be ${form}, got ${text}`);
    }
    const key = keyOf(name, flag);
    if (Object.hasOwn(found, key)) {
      throw new ConfigError(
        `${flag} must name each key once, got ${key} twice`,
      );
    }
    found[key] = read(key, value);
  }
  return found;
}

// A text at the commas that are in no brackets.
function partsOf(text: string): string[] {
  return text.split(/,(?![^[]*\])/).map((part) => part.trim());
}

// A value as the flag of the key reads it. What it cannot read stays a text, which
// is refused as what it is.
function valueIn(key: keyof Config, text: string, ofMany: boolean): unknown {
  const { kind, schema } = configSettings[key];
  if (kind === "none") {
    throw new ConfigError(
      `${key} cannot be said in a word; a plan's file can (--file), or ` +
        "--config",
    );
  }
  if (text === "null" && v.is(schema, null)) return null;
  if (kind === "flag") {
    return text === "true" ? true : text === "false" ? false : text;
  }
  if (kind === "number") return numberIn(text);
  if (kind === "text") return text;
  // Lists: alone as their flag has them, of many in brackets.
  const inner = /^\[(.*)\]$/s.exec(text)?.[1];
  const list = inner ?? (text === "none" ? "" : text);
  const items = list.trim() === "" ? [] : list.split(",");
  if (ofMany && inner === undefined && text !== "none") {
    return [kind === "numbers" ? numberIn(text) : text];
  }
  return kind === "numbers"
    ? items.map(numberIn)
    : items.map((item) => item.trim());
}

function numberIn(text: string): number | string {
  const value = text.trim() === "" ? NaN : Number(text);
  return Number.isNaN(value) ? text : value;
}
