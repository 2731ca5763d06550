/**
 * Which extensions a config was made with: the key `use`, which only configs have
 * that were made with one.
 *
 * @module
 */

import * as v from "../base/valibot.ts";
import { isObject } from "../base/json.ts";
import type { Setting } from "../settings/setting.ts";

/** The module of an extension, as a config has it. */
export interface UsedModule {
  /** The file's name, without its folder. */
  readonly module: string;
  /** SHA-256 of the file, in hexadecimal. */
  readonly sha256: string;
  /** The local modules that it imports, and they: SHA-256 by relative path. */
  readonly imports: Readonly<Record<string, string>>;
}

/** The extensions of this process, in the order in which they were added. */
export const usedModules: UsedModule[] = [];

/** Whether extensions may be others than a config was made with. */
export const changedModules = { allowed: false };

const sum = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const list = v.array(
  v.strictObject({
    module: v.string(),
    sha256: sum,
    imports: v.record(v.string(), sum),
  }),
  "must be a list of { module, sha256, imports }",
);

/** The extensions that a config was made with. */
export const useSetting: Setting<readonly UsedModule[]> = {
  schema: list,
  preset: [],
  value: "",
  kind: "none",
  help: "the extensions that it was made with",
};

/** The extensions that the parsed contents of a config.json name. */
export function modulesIn(input: unknown): readonly UsedModule[] {
  const found = isObject(input) ? v.safeParse(list, input["use"]) : undefined;
  return found?.success ? found.output : [];
}

/**
 * The extensions that the parsed contents of a config.json name and this process
 * does not have, in no version.
 */
export function modulesLacking(input: unknown): readonly UsedModule[] {
  return modulesIn(input).filter((wanted) =>
    !usedModules.some((used) => sameName(wanted, used))
  );
}

/** Whether two extensions are the same to the byte. */
export function isSameModule(a: UsedModule, b: UsedModule): boolean {
  return difference(a, b) === undefined;
}

// What of two extensions differs: a file, and its sums.
function difference(
  then: UsedModule,
  now: UsedModule,
): readonly [file: string, then: string, now: string] | undefined {
  if (then.sha256 !== now.sha256) {
    return [now.module, then.sha256, now.sha256];
  }
  const files = Object.keys({ ...then.imports, ...now.imports }).sort();
  for (const file of files) {
    const [a, b] = [then.imports[file], now.imports[file]];
    if (a !== b) return [file, a ?? "none", b ?? "none"];
  }
}

const sameName = (a: UsedModule, b: UsedModule) => a.module === b.module;

/**
 * The extensions that a config was made with and this process does not have, to the
 * byte.
 *
 * @param input The parsed contents of a config.json.
 */
export function modulesMissing(input: unknown): readonly UsedModule[] {
  return modulesIn(input).filter((wanted) =>
    !usedModules.some((used) => isSameModule(wanted, used))
  );
}

/**
 * A file of an extension by which it is told from the one of its name that this
 * process has, with its SHA-256, or `none` where it has no such file; the module
 * itself where there is none of its name.
 */
export function tellingFile(
  wanted: UsedModule,
): readonly [file: string, sha256: string] {
  const now = usedModules.find((used) => sameName(wanted, used));
  const [file, sum] = now && difference(wanted, now) ||
    [wanted.module, wanted.sha256];
  return [file, sum];
}

/**
 * Why a config cannot be made with the extensions of this process, in words that
 * begin with a flag; undefined where it can.
 *
 * @param input The parsed contents of a config.json, or any part of one.
 */
export function useProblem(input: unknown): string | undefined {
  for (const wanted of modulesIn(input)) {
    if (usedModules.some((used) => isSameModule(wanted, used))) continue;
    const now = usedModules.find((used) => sameName(wanted, used));
    if (!now) {
      return `--use must name ${wanted.module}, the extension with which this ` +
        "was made: its code runs only where it is named";
    }
    if (changedModules.allowed) continue;
    const [file, before, after] = difference(wanted, now)!;
    return `--use ${now.module} is another version than this was made with: ` +
      `the SHA-256 of ${file} is ${after}, it was ${before}; put that ` +
      "version back, or say --use-changed";
  }
}

/**
 * The extensions of a config that is made now: those that it names, as it names
 * them, and what else this process has.
 *
 * @param input The parsed contents of a config.json, or any part of one.
 */
export function usedNow(input: unknown): readonly UsedModule[] {
  const kept = modulesIn(input).map((wanted) =>
    usedModules.find((used) => isSameModule(wanted, used)) ??
      usedModules.find((used) => sameName(wanted, used))
  ).filter((used) => used !== undefined);
  return [...new Set([...kept, ...usedModules])];
}
