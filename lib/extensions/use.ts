/**
 * Adding extensions to the registries, for the process.
 *
 * @module
 */

import { pathToFileURL } from "node:url";
import { UsageError } from "../base/errors.ts";
import { taskLine } from "../base/shell.ts";
import { shown } from "../base/terminal.ts";
import { configSettings, remakeKeys } from "../config/keys.ts";
import {
  changedModules,
  isSameModule,
  type UsedModule,
  usedModules,
} from "../config/used.ts";
import { tasks } from "../data/registry.ts";
import { losses } from "../losses/mod.ts";
import { addMetricGroups, metricGroups, metricSets } from "../metrics/mod.ts";
import type { MetricGroup } from "../metrics/group.ts";
import { models } from "../../models/mod.ts";
import { optimizers, stages } from "../optim/mod.ts";
import type { Settings } from "../settings/setting.ts";
import { shapeProblem } from "./checks.ts";
import {
  type AnyExtensionProbe,
  type Extension,
  type ExtensionParts,
  isOurs,
  KINDS,
  makerOf,
} from "./extension.ts";
import { found } from "./found.ts";
import { guarded } from "./guard.ts";
import { type ModuleFiles, modulesOf } from "./modules.ts";
import { TRAIN_FLAGS } from "./reserved.ts";

/** An extension in use. */
export interface InUse {
  /** What it adds. */
  readonly extension: Extension;
  /** Its module, a file URL. */
  readonly url: string;
  /** What the user called it. */
  readonly path: string;
  /** Its files. */
  readonly files: ModuleFiles;
}

const inUse: InUse[] = [];

/** The extensions in use, in the order in which they were added. */
export const extensionsInUse: readonly InUse[] = inUse;

type Kind = keyof ExtensionParts;
type Named = Readonly<Record<string, unknown>>;

const REGISTRIES: Readonly<Record<Exclude<Kind, "probes">, Named>> = {
  tasks,
  models,
  losses,
  optimizers,
  stages,
  metrics: metricGroups,
};

type Probes = Readonly<Record<string, AnyExtensionProbe>>;

// As they are added, for a registry that is loaded later.
const probesAdded = new Map<Extension, Probes>();

/** The registry of probes, which lies far above. */
export interface ProbeRegistry {
  /** Why some cannot be added, in words; undefined where they can. */
  problem(probes: Probes): string | undefined;
  /** Adds some. */
  add(probes: Probes): void;
}

let probeRegistry: ProbeRegistry | undefined;

/**
 * Has probes of extensions added to a registry: those in use already, and those to
 * come.
 *
 * @throws {UsageError} if one in use cannot be added.
 */
export function extendProbes(registry: ProbeRegistry): void {
  probeRegistry = registry;
  for (const { extension, path } of inUse) {
    const probes = probesAdded.get(extension)!;
    const problem = registry.problem(probes);
    if (problem !== undefined) throw new UsageError(cannot(path, problem));
    registry.add(probes);
  }
}

const cannot = (path: string, problem: string) =>
  `Cannot use the extension ${path}: ${problem}`;

/**
 * Adds an extension to the registries, for the process; one that is there already,
 * to the byte, is not added again. What of it is wrong is said before anything is
 * added.
 *
 * @param extension What `defineExtension()` gave.
 * @param from Its module and what to call it; by default the module in which
 * `defineExtension()` was called.
 * @throws {UsageError} if it is none, a definition is not what it must be, or a
 * name or a key is taken.
 */
export function useExtension(
  extension: Extension,
  from?: { readonly url: string; readonly path: string },
): void {
  const maker = makerOf(extension);
  if (!maker) {
    throw new UsageError(
      `Cannot use ${found(extension)} as an extension: wanted what ` +
        "defineExtension() gives",
    );
  }
  if (inUse.some((used) => used.extension === extension)) return;
  const url = from?.url ?? maker.module;
  const path = from?.path ?? shownPath(url);
  if (!url?.startsWith("file:")) {
    throw new UsageError(
      cannot(path, "it must be written in a file of this machine"),
    );
  }
  if (!isOurs(maker)) {
    throw new UsageError(
      cannot(
        path,
        `it was made with another copy of groklab, in ${
          shownPath(maker.library)
        }: import this one's`,
      ),
    );
  }
  const files = modulesOf(url);
  if (inUse.some((other) => isSameModule(other.files.used, files.used))) return;
  const { madeBy: _, ...parts } = extension;
  const problem = problemOf(parts);
  if (problem !== undefined) throw new UsageError(cannot(path, problem));
  for (const kind of KINDS) {
    const added = guarded<unknown>(kind, ONE[kind], parts[kind] ?? {}, path);
    if (kind === "metrics") {
      addMetricGroups(added as Record<string, MetricGroup>);
    } else if (kind === "probes") {
      probesAdded.set(extension, added as Probes);
      probeRegistry?.add(added as Probes);
    } else Object.assign(REGISTRIES[kind], added);
  }
  inUse.push({ extension, url, path, files });
  usedModules.push(files.used);
  remakeKeys();
}

function problemOf(parts: ExtensionParts): string | undefined {
  try {
    return shapeProblem(parts as Named) ?? nameProblem(parts) ??
      keyProblem(parts) ?? probeRegistry?.problem(parts.probes ?? {});
  } catch (error) {
    // A definition may be of a class, and compute what it is asked for.
    return `what it adds cannot be read: ${
      error instanceof Error ? error.message : found(error)
    }`;
  }
}

/** Adds several; where a list is wanted and something else given, it is said. */
export function useExtensions(extensions: readonly Extension[] = []): void {
  for (const extension of extensions) useExtension(extension);
}

/**
 * Whether a config, a run or a checkpoint that was made with another version of an
 * extension may be gone on with, for the process.
 */
export function allowChanged(allowed = true): void {
  changedModules.allowed = allowed;
}

const shownPath = (url: string | undefined) =>
  shown(url?.replace(/^file:\/\//, "") ?? "of no module");

const ONE: Readonly<Record<Kind, string>> = {
  tasks: "task",
  models: "model",
  losses: "loss",
  optimizers: "optimizer",
  stages: "stage",
  metrics: "group of metrics",
  probes: "probe",
};

/** Whose a part is: groklab's own, or another extension's. */
export function ownerOf(kind: Kind, name: string): string {
  const other = inUse.find(({ extension }) =>
    Object.hasOwn(extension[kind] ?? {}, name)
  );
  return other ? `the extension ${other.path}` : "groklab";
}

function nameProblem(parts: ExtensionParts): string | undefined {
  for (const [kind, registry] of Object.entries(REGISTRIES)) {
    for (const name of Object.keys(parts[kind as Kind] ?? {})) {
      const taken = Object.hasOwn(registry, name) ||
        (kind === "metrics" && Object.hasOwn(metricSets, name));
      if (!taken) continue;
      return `${ownerOf(kind as Kind, name)} has a ${
        ONE[kind as Kind]
      } ${name} already: give its own another name`;
    }
  }
}

// A key of a config is one setting, whoever reads it.
function keyProblem(parts: ExtensionParts): string | undefined {
  const known = new Map<string, unknown>(Object.entries(configSettings));
  for (
    const kind of ["tasks", "models", "losses", "optimizers", "stages"] as const
  ) {
    for (const [name, { settings }] of Object.entries(parts[kind] ?? {})) {
      for (const [key, setting] of Object.entries(settings as Settings)) {
        const where = `its ${ONE[kind]} ${name} has a setting ${key}`;
        if (TRAIN_FLAGS.includes(key)) {
          return `${where}, which is a flag of ${taskLine("train")}: give it ` +
            "another name";
        }
        if ((known.get(key) ?? setting) !== setting) {
          return `${where}, and there is another of that name: give it ` +
            "another, or take the one that there is";
        }
        known.set(key, setting);
      }
    }
  }
}

/** What a worker is told, so that it has the extensions of this thread. */
export interface Loadable {
  /** The modules, and what they were when they were loaded here. */
  readonly modules: readonly {
    readonly url: string;
    readonly path: string;
    readonly used: UsedModule;
  }[];
  /** Whether they may be other versions than a run was made with. */
  readonly changed: boolean;
}

/**
 * The extensions in use as another thread can load them.
 *
 * @returns Undefined where one is written in the program's own main module: loading
 * that would run the program again.
 */
export function loadable(): Loadable | undefined {
  const main: string | undefined = Deno.mainModule;
  if (inUse.some(({ url }) => pathToFileURL(urlPath(url)).href === main)) {
    return undefined;
  }
  return {
    modules: inUse.map(({ url, path, files: { used } }) => ({
      url,
      path,
      used,
    })),
    changed: changedModules.allowed,
  };
}

const urlPath = (url: string) => decodeURIComponent(new URL(url).pathname);
