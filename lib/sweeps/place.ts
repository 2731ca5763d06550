/**
 * Where all runs of a sweep are computed.
 *
 * @module
 */

import {
  type Config,
  ConfigError,
  type ConfigInput,
  defaults,
} from "../config/config.ts";
import { deviceSettings } from "../settings/run.ts";
import { shown } from "../settings/checked.ts";
import { usualJobs } from "../train/threads/jobs.ts";
import type { Place, Sweep } from "./layout.ts";

// One thread, as runs go side by side; and no choice that another machine would
// make another way.
const USUAL = { device: "cpu", threads: 1 } as const;

const keys = Object.keys(deviceSettings) as (keyof Place)[];

/**
 * The place of a new sweep: what is set, else what the config says that it starts
 * from, else one thread of the processor.
 *
 * @throws {ConfigError} if it is none that is the same everywhere.
 */
export function placeOf(
  set: ConfigInput,
  config: ConfigInput = {},
  what = "set",
): Place {
  const place: Record<string, unknown> = {};
  for (const key of keys) {
    const isOpen = (value: unknown) =>
      key in USUAL && (value ?? defaults[key]) === defaults[key];
    const usual = key in USUAL
      ? USUAL[key as keyof typeof USUAL]
      : defaults[key];
    if (set[key] === undefined) {
      const value = config[key] ?? defaults[key];
      place[key] = isOpen(value) ? usual : value;
      continue;
    }
    if (isOpen(set[key])) {
      throw new ConfigError(
        `${what} must not have ${key} ${
          shown(set[key])
        }: every machine would take ` +
          "its own, and all runs of a sweep are computed at one place",
      );
    }
    place[key] = set[key];
  }
  return place as unknown as Place;
}

/**
 * Refuses another place than a sweep's.
 *
 * @throws {ConfigError} naming what differs.
 */
export function checkPlaceOf(
  { place, name }: Sweep,
  set: Partial<Config>,
): void {
  for (const key of keys) {
    if (set[key] === undefined || set[key] === place[key]) continue;
    throw new ConfigError(
      `Cannot add runs with ${key} ${shown(set[key])} to the sweep ${name}: ` +
        `all of its runs are computed with ${key} ${shown(place[key])}; plan ` +
        "another sweep for others",
    );
  }
}

/**
 * How many runs go side by side where nobody says it: one for each core, or for
 * each that many as a run has threads; one at a time on a card.
 *
 * @param place Where they are computed.
 */
export function jobsAt({ device, threads }: Place): number {
  return device !== "cpu" || threads === null ? 1 : usualJobs(threads);
}
