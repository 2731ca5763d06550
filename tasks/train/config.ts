/**
 * From the flags of `deno task train` to what is to be trained.
 *
 * @module
 */

import { join } from "node:path";
import {
  type Config,
  ConfigError,
  type ConfigInput,
  configSettings,
  flagOf,
  resolveConfig,
  toBeChanged,
} from "../../lib/config/config.ts";
import type { Switch } from "../../lib/config/switches.ts";
import { resumableKeys } from "../../lib/settings/run.ts";
import { FILES } from "../../lib/runs/layout.ts";
import { verifiedText } from "../../lib/base/verified.ts";
import { parseObject } from "../../lib/base/json.ts";
import { DamagedError } from "../../lib/base/sums.ts";

/** The flags beside the config's that say what to train. */
export interface PlanFlags {
  readonly config?: string | undefined;
  readonly preset?: string | undefined;
  readonly resume?: string | true | undefined;
  readonly from?: string | undefined;
  readonly step?: number | undefined;
  readonly freshOptimizer?: true | undefined;
  readonly switchAt?: readonly number[] | undefined;
  readonly to?: readonly string[] | undefined;
}

/**
 * The config to train: the defaults, a preset's, a checkpoint's, a file's and the
 * flags', each before those named before it.
 *
 * @param options The flags beside the config's.
 * @param flags The config's.
 */
export async function configOf(
  options: PlanFlags,
  flags: ConfigInput,
): Promise<Config> {
  const preset = await presetOf(options);
  const file = options.config === undefined
    ? {}
    : toBeChanged(await readConfig(options.config));
  const start = await startOf(options);
  const switches = await switchesOf(options);
  // Checked before anything heavy is loaded, where that is not needed for it.
  return resolveConfig({
    ...preset,
    ...(start && toBeChanged(start)),
    ...file,
    ...(start && { from: start.from }),
    ...(switches && { switches }),
    ...flags,
  });
}

async function presetOf(
  { preset, config, from }: PlanFlags,
): Promise<ConfigInput> {
  if (preset === undefined) return {};
  for (const [key, value] of Object.entries({ config, from })) {
    if (value === undefined) continue;
    throw new ConfigError(
      `${flagOf(key)} must be left out with --preset, which is a whole config`,
    );
  }
  const { presetConfig } = await import("../../lib/figures/presets.ts");
  return presetConfig(preset);
}

async function startOf(
  { from, step, freshOptimizer }: PlanFlags,
): Promise<ConfigInput | undefined> {
  if (from !== undefined) {
    const { startFrom } = await import("../../lib/train/from_checkpoint.ts");
    return await startFrom(from, {
      ...(step !== undefined && { step }),
      freshOptimizer: freshOptimizer ?? false,
    });
  }
  for (const [key, value] of Object.entries({ step, freshOptimizer })) {
    if (value === undefined) continue;
    throw new ConfigError(
      `${flagOf(key)} must come with --from: the run or file to start from`,
    );
  }
}

async function switchesOf(
  { switchAt = [], to = [] }: PlanFlags,
): Promise<Switch[] | undefined> {
  if (switchAt.length !== to.length) {
    throw new ConfigError(
      "--switch-at must come with a --to each: which step, and what changes " +
        `there, got ${switchAt.length} and ${to.length}`,
    );
  }
  if (to.length === 0) return undefined;
  const switches = [];
  for (const [i, at] of switchAt.entries()) {
    const text = to[i]!;
    const config = /^[\w-]+=/.test(text)
      ? changesOf(text)
      : await readConfig(text);
    switches.push({ at, config });
  }
  return switches;
}

// key=value,key=value, the keys those of a config or their flags' names.
function changesOf(text: string): Record<string, unknown> {
  const entries = text.split(",").map((part) => {
    const [, name, value] = /^([\w-]+)=(.*)$/.exec(part) ?? [];
    if (name === undefined) {
      throw new ConfigError(
        `--to must be key=value,key=value or a JSON file, got ${part}`,
      );
    }
    const key = name.replaceAll(/-(\w)/g, (_, c) => c.toUpperCase());
    return [key, valueOf(key, value!)];
  });
  return Object.fromEntries(entries);
}

function valueOf(key: string, text: string): unknown {
  if (!(key in configSettings)) return text; // Refused by its name.
  const { kind } = configSettings[key as keyof typeof configSettings];
  if (kind === "text" && text !== "null") return text;
  try {
    return JSON.parse(text);
  } catch {
    return text; // Refused as what it is.
  }
}

/**
 * The run to go on with, undefined for the newest that was interrupted.
 *
 * @param options All flags.
 * @param given The keys of the config that flags set.
 * @throws {ConfigError} if there are flags that a resumed run cannot have.
 */
export function resumedRun(
  options: PlanFlags & Readonly<Record<string, unknown>>,
  given: readonly string[],
): string | undefined {
  const also = [
    "resume",
    "json",
    "tensorboard",
    "use",
    "useChanged",
    ...resumableKeys,
  ];
  const other = Object.keys(options).find((key) => !also.includes(key));
  if (other === undefined) {
    return options.resume === true ? undefined : options.resume;
  }
  throw new ConfigError(
    `${flagOf(other)} must be left out with --resume, which goes on with a ` +
      "run as it was begun" +
      (given.includes(other)
        ? ": a new run with changes starts from it with --from RUN"
        : ""),
  );
}

/**
 * The contents of a config.json, or of that of a run folder.
 *
 * @param source The file or folder.
 * @throws {ConfigError} if it cannot be read, or is none.
 */
export async function readConfig(source: string): Promise<ConfigInput> {
  const isFolder = await Deno.stat(source)
    .then(({ isDirectory }) => isDirectory, () => false);
  const path = isFolder ? join(source, FILES.config) : source;
  let text: string;
  try {
    text = await verifiedText(path);
  } catch (error) {
    if (error instanceof DamagedError) throw error;
    throw new ConfigError(
      `Cannot read the config ${path}: ${(error as Error).message}`,
    );
  }
  try {
    return parseObject(text, path, "a config, an object of settings");
  } catch (error) {
    throw new ConfigError((error as Error).message, { cause: error });
  }
}
