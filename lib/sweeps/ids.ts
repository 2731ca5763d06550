/**
 * The names of runs: the same config has the same name, in every sweep.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { isObject } from "../base/json.ts";
import { checkArgument, configCheck } from "../base/options.ts";
import type { Config } from "../config/config.ts";
import { deviceSettings } from "../settings/run.ts";

/**
 * The name of a run in sweeps: the first 16 hexadecimal digits of the SHA-256 of its
 * config as JSON, without the device's keys, without spaces, the keys of every
 * object sorted.
 *
 * @param config The whole config.
 * @throws {TypeError} if it is no config as resolveConfig() gives it.
 */
export function runId(config: Config): string {
  checkArgument("runId()", "config", config, configCheck);
  return idOf(config);
}

/** {@link runId} of an object that may be none of this version's configs. */
export function idOf(config: Config): string {
  return createHash("sha256").update(canonical(config)).digest("hex")
    .slice(0, 16);
}

/**
 * A config without its place, as JSON without spaces, the keys of every object
 * sorted. What extensions a config was made with is its key `use`.
 */
export function canonical(config: Config): string {
  const what = Object.entries(config)
    .filter(([key]) => !Object.hasOwn(deviceSettings, key));
  return JSON.stringify(sorted(Object.fromEntries(what)));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value).sort().map((key) => [key, sorted(value[key])]),
  );
}
