/**
 * Keys that only configs have which name a component that reads them.
 *
 * @module
 */

import type { Component } from "../settings/setting.ts";
import type { Config } from "./keys.ts";

/** A config with the keys that only configs have which name who reads them. */
export function withUsual(
  config: Config,
  components: readonly Component[],
): Config {
  const read = components.flatMap(({ settings }) => Object.entries(settings));
  const lacking = read.filter(([key, { usual }]) =>
    usual !== undefined && config[key as keyof Config] === undefined
  );
  return {
    ...config,
    ...Object.fromEntries(lacking.map(([key, { usual }]) => [key, usual])),
  };
}
