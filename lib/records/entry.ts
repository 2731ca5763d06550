/**
 * What a recipe trains, held to the rules of the table.
 *
 * @module
 */

import { UsageError } from "../base/errors.ts";
import {
  type Config,
  ConfigError,
  type ConfigInput,
  idleKeys,
  resolveConfig,
} from "../config/config.ts";
import { shown } from "../settings/checked.ts";
import { deviceSettings } from "../settings/run.ts";
import { begin, type Recipe } from "./recipe.ts";
import { HELD, longestInterval, MODULUS, SEEDS, taskOf } from "./task.ts";
import { tracks } from "./tracks.ts";

// What belongs to the table, not to a recipe.
const NOT_A_RECIPES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    Object.keys(deviceSettings).map((key) => [
      key,
      "entries are computed by ONNX Runtime on the processor, a thread a run",
    ]),
  ),
  seed: `an entry has the seeds 0..${SEEDS - 1}`,
  dataSeed: "each seed has a split of its own",
  from: "every run starts from random weights",
  metrics: "the table needs accuracies only",
  checkpointEvery: "the table needs no checkpoints",
  use: "the recipe has a use of its own, beside its settings",
};

/** Settings of an entry's runs, of which the seed is left open. */
export interface Entry {
  /** The recipe. */
  readonly recipe: Recipe;
  /** What its runs have, the table's settings among it. */
  readonly set: ConfigInput;
  /** The whole config of seed 0, on one thread of the processor. */
  readonly config: Config;
}

/**
 * What a recipe trains, looked at: whether the config can be, whether the tracks take
 * it, whether the steps suffice. An extension that it uses must be in use.
 *
 * @param recipe The recipe.
 * @param path Its file, for messages.
 * @param modulus Another task in tests.
 * @throws {UsageError} naming what must be otherwise.
 */
export function entryOf(
  recipe: Recipe,
  path: string,
  modulus: number = MODULUS,
): Entry {
  const refuse = (why: string): never => {
    throw new UsageError(begin(path) + why);
  };
  const task: Readonly<Record<string, unknown>> = { ...taskOf(modulus) };
  for (const [key, value] of Object.entries(recipe.settings)) {
    const why = NOT_A_RECIPES[key];
    if (why !== undefined) refuse(`settings must not have ${key}: ${why}`);
    if (!(key in task) || task[key] === value) continue;
    refuse(
      `settings.${key} must be ${task[key]}, as in every entry, got ` +
        shown(value),
    );
  }
  if (recipe.settings.steps === undefined) {
    refuse("settings.steps is missing: how many steps each seed is given");
  }
  const set = { evalEvery: 1, ...recipe.settings, ...taskOf(modulus) };
  const config = resolved(set, path);
  const idle = idleKeys(config).filter((key) => key in recipe.settings);
  if (idle.length > 0) {
    refuse(`settings must not have ${idle.join(", ")}, which nothing reads`);
  }
  const why = stepsProblem(config, recipe) ?? trackProblem(config, recipe);
  if (why !== undefined) refuse(why);
  return { recipe, set, config };
}

function resolved(set: ConfigInput, path: string): Config {
  try {
    return resolveConfig({ ...set, seed: 0, device: "cpu", threads: 1 });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new UsageError(begin(path) + error.message, { cause: error });
  }
}

function stepsProblem(
  { steps, evalEvery }: Config,
  { states }: Recipe,
): string | undefined {
  const most = longestInterval(steps);
  if (evalEvery > most) {
    return `settings.evalEvery must be at most ${most} with ${steps} steps, got ` +
      evalEvery;
  }
  const needed = (states?.median ?? 0) + (HELD - 1) * evalEvery;
  if (steps >= needed) return;
  return `settings.steps must be ${needed} or more, got ${steps}: ${HELD} ` +
    "evaluations" +
    (states?.median ? ` from step ${states.median} on` : "") +
    " must lie within";
}

function trackProblem(config: Config, recipe: Recipe): string | undefined {
  for (const name of recipe.tracks) {
    const why = tracks[name].refuses?.(config);
    if (why === undefined) continue;
    return `in the track ${name} (${tracks[name].title.toLowerCase()}) ${why}`;
  }
}
