/**
 * Which keys of a config a plan may vary or set, and what they may hold.
 *
 * @module
 */

import { didYouMean } from "../base/nearest.ts";
import {
  type Config,
  ConfigError,
  configKeys,
  configSettings,
} from "../config/config.ts";
import { checkedSettings } from "../settings/checked.ts";
import { keysMeant } from "../settings/meant.ts";
import { deviceSettings } from "../settings/run.ts";

/**
 * The key of a config that a name means.
 *
 * @param name The key, or its flag's name: `weightDecay`, `weight-decay`.
 * @param what Where it stands, for messages.
 * @throws {ConfigError} if there is none.
 */
export function keyOf(name: string, what: string): keyof Config {
  const key = name.trim().replace(/^--/, "")
    .replaceAll(/-(\w)/g, (_, c) => c.toUpperCase());
  if (Object.hasOwn(configSettings, key)) return key as keyof Config;
  throw new ConfigError(
    `${what} has an unknown key ${JSON.stringify(name)}${
      didYouMean(keysMeant(key, configKeys))
    }: a config has ${configKeys.join(", ")}`,
  );
}

/**
 * Refuses a value that a key cannot have, whatever else there is.
 *
 * @param what Where it stands, for messages.
 * @returns The value as a config has it.
 * @throws {ConfigError} saying what the key must be.
 */
export function valueOf(
  key: keyof Config,
  value: unknown,
  what: string,
): unknown {
  try {
    const settings = { [key]: configSettings[key] };
    return checkedSettings(
      settings,
      { [key]: value },
      (key) => `${what} ${key}`,
    )[key];
  } catch (error) {
    throw new ConfigError((error as Error).message, { cause: error });
  }
}

/** Whether a key says where to compute. */
export function isPlace(key: string): boolean {
  return Object.hasOwn(deviceSettings, key);
}
