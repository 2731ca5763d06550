/**
 * All probes by their names.
 *
 * @module
 */

import { append } from "../base/extremes.ts";
import { taskLine } from "../base/shell.ts";
import { PROBE_FLAGS } from "../extensions/reserved.ts";
import { extendProbes, ownerOf } from "../extensions/use.ts";
import type { Settings } from "../settings/setting.ts";
import type { Probe, RunProbe } from "./probe.ts";
import * as registry from "./registry.ts";

/** Any probe of a checkpoint. */
// deno-lint-ignore no-explicit-any -- A probe is invariant in result and settings.
export type CheckpointProbe = Probe<string, any, any>;
/** Any probe of a run. */
// deno-lint-ignore no-explicit-any -- As above.
export type WholeRunProbe = RunProbe<string, any, any>;

/** Any probe. */
export type AnyProbe = CheckpointProbe | WholeRunProbe;

/** The probes of the registry. */
export type Registered = Extract<
  typeof registry[keyof typeof registry],
  AnyProbe
>;

/** The name of a probe. */
export type ProbeName = Registered["name"];

/** The name of a probe, an extension's among them. */
export type AskedName = ProbeName | (string & Record<never, never>);

/** The result of each probe. */
export type ProbeResults = {
  [P in Registered as P["name"]]: Awaited<ReturnType<P["compute"]>>;
};

const isProbe = (x: unknown): x is AnyProbe =>
  typeof x === "object" && x !== null && "compute" in x && "describe" in x;

/** Every probe by its name. */
export const probes: Readonly<Record<ProbeName, AnyProbe>> = Object.fromEntries(
  Object.values<unknown>(registry).filter(isProbe).map((
    probe,
  ) => [probe.name, probe]),
) as Record<ProbeName, AnyProbe>;

/** The names of all probes. */
export const probeNames = Object.keys(probes) as ProbeName[];

/** What probes can be told, of all of them together. */
export const probeSettings: Settings = Object.assign(
  {},
  ...Object.values<AnyProbe>(probes).map(({ settings }) => settings),
);

extendProbes({
  problem(added) {
    const known = new Map<string, unknown>(Object.entries(probeSettings));
    for (const [name, { settings = {} }] of Object.entries(added)) {
      if (Object.hasOwn(probes, name)) {
        return `${ownerOf("probes", name)} has a probe ${name} already: give ` +
          "its own another name";
      }
      for (const [key, setting] of Object.entries(settings)) {
        const where = `its probe ${name} has a setting ${key}`;
        if (PROBE_FLAGS.includes(key)) {
          return `${where}, which is a flag of ${taskLine("probe")}: give it ` +
            "another name";
        }
        if ((known.get(key) ?? setting) !== setting) {
          return `${where}, and another probe has another of that name: give ` +
            "it another, or take the one that there is";
        }
        known.set(key, setting);
      }
    }
  },
  add(added) {
    Object.assign(probes, added);
    append(probeNames, Object.keys(added) as ProbeName[]);
    for (const { settings } of Object.values(added)) {
      Object.assign(probeSettings, settings);
    }
  },
});
