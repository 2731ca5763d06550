/**
 * The one schema of an experiment: what `config.json` holds and what the flags
 * of `deno task train` set. Its keys are those of the run and those that the
 * registries' components list.
 *
 * @module
 */

import * as v from "valibot";
import { trainSize } from "../data/dataset.ts";
import type { FloatDType } from "../numeric/tensor.ts";
import type { TaskDefinition } from "../data/definition.ts";
import { tasks } from "../data/registry.ts";
import { UsageError } from "../base/errors.ts";
import type { LossDefinition } from "../losses/loss.ts";
import { correctLogitScale } from "../losses/correct_logit.ts";
import { losses } from "../losses/mod.ts";
import { type MetricChoice, metricChoices } from "../metrics/mod.ts";
import {
  isOn,
  type OptimizerDefinition,
  type StageDefinition,
} from "../optim/definition.ts";
import { optimizers, stages } from "../optim/mod.ts";
import type { ModelDefinition } from "../../models/definition.ts";
import { models } from "../../models/mod.ts";
import {
  idlePlace,
  labelNoise,
  lossPrecision,
  outputScale,
  type PlaceSettings,
  placeSettings,
  precision,
  type RunSettings,
  runSettings,
  trainFraction,
} from "../settings/run.ts";
import { didYouMean } from "../base/nearest.ts";
import { keysMeant } from "../settings/meant.ts";
import {
  configAt,
  courseProblem,
  type From,
  from,
  type Switch,
  switches,
} from "./switches.ts";
import { inTodaysWords } from "./older.ts";
import { placeProblem } from "./devices.ts";
import {
  choice,
  choices,
  type Component,
  nameHint,
  type Setting,
  shown,
  type Values,
} from "../settings/setting.ts";
import { checkArgument, configCheck } from "../base/options.ts";

/** Components by their names in a config. */
export type Registry = Readonly<Record<string, Component>>;
/** All that a union's members have, in one type. */
export type Union<T> = (T extends unknown ? (x: T) => void : never) extends
  (x: infer U) => void ? U : never;
/** The settings of all components of a registry. */
export type SettingsOf<R extends Registry> = Union<R[keyof R]["settings"]>;

const names = <R extends Registry>(registry: R) =>
  Object.keys(registry) as (keyof R & string)[];

const pick = <R extends Registry>(
  registry: R,
  preset: keyof R & string,
): Setting<keyof R & string> =>
  choice<keyof R & string>(
    names(registry),
    preset,
    "<name>",
    names(registry).join(", "),
  );

// What every component of a registry lists, once.
function settingsOf<R extends Registry>(registry: R): SettingsOf<R> {
  const all = Object.values(registry).map(({ settings }) => settings);
  return Object.assign({}, ...all);
}

/** The setting that names one of a registry. */
export type Naming<R extends Registry> = Setting<keyof R & string>;

/** The keys that say how to learn, those of losses, stages and optimizers too. */
export type LearningSettings =
  & {
    /** What model and optimizer are computed in. */
    readonly precision: Setting<"float32" | "float64">;
    /** The loss's name. */
    readonly loss: Naming<typeof losses>;
    /** What the loss is computed in. */
    readonly lossPrecision: Setting<FloatDType>;
    /** What the label's logit is multiplied with in the loss. */
    readonly correctLogitScale: Setting<number>;
    /** The optimizer's name. */
    readonly optimizer: Naming<typeof optimizers>;
  }
  & SettingsOf<typeof losses>
  & SettingsOf<typeof stages>
  & SettingsOf<typeof optimizers>;

/** The keys of a config, those of all components too. */
export type ConfigSettings =
  & {
    /** The task's name. */
    readonly task: Naming<typeof tasks>;
    /** Share of the examples to train on, in (0, 1). */
    readonly trainFraction: Setting<number>;
    /** Share of the train rows whose label is wrong, in [0, 1). */
    readonly labelNoise: Setting<number>;
    /** The architecture's name. */
    readonly model: Naming<typeof models>;
    /** α, with which the logits are multiplied. */
    readonly outputScale: Setting<number>;
    /** Groups of metrics, by their names. */
    readonly metrics: Setting<readonly MetricChoice[]>;
    /** Where the training starts; null for random weights. */
    readonly from: Setting<From | null>;
    /** What changes on the way, in the order of the steps. */
    readonly switches: Setting<readonly Switch[]>;
  }
  & SettingsOf<typeof tasks>
  & SettingsOf<typeof models>
  & LearningSettings
  & RunSettings
  & PlaceSettings;

// How to learn: what may change on the way.
const learning: LearningSettings = {
  precision,
  loss: pick(losses, "stablemax"),
  ...settingsOf(losses),
  lossPrecision,
  correctLogitScale,
  optimizer: pick(optimizers, "adamw"),
  ...settingsOf(stages),
  ...settingsOf(optimizers),
};

/** Check, default and flag of every key, in the order of config.json. */
export const configSettings: ConfigSettings = {
  task: pick(tasks, "add"),
  ...settingsOf(tasks),
  trainFraction,
  labelNoise,
  model: pick(models, "mlp"),
  ...settingsOf(models),
  outputScale,
  ...learning,
  ...runSettings,
  metrics: choices(
    metricChoices,
    ["basic"],
    "<names>",
    `beside the basic ones: ${metricChoices.join(", ")}`,
  ),
  from,
  switches,
  ...placeSettings,
};

/**
 * A whole experiment: what config.json holds. Each key is also a flag,
 * `trainFraction` being `--train-fraction`; `deno task train --help` says what
 * each is.
 */
export type Config = Values<ConfigSettings>;

/** Any part of a config: what is left out takes its default. */
export type ConfigInput = { readonly [K in keyof Config]?: Config[K] };

/** The keys of a config, in the order in which config.json has them. */
export const configKeys = Object.keys(
  configSettings,
) as readonly (keyof Config)[];

const schema = v.strictObject(
  Object.fromEntries(
    Object.entries<Setting>(configSettings).map(([key, { schema, preset }]) => [
      key,
      v.optional(schema, preset as never),
    ]),
  ),
);

/** The default experiment. */
export const defaults = v.parse(schema, {}) as Config;

/** A config that no experiment can be run from. */
export class ConfigError extends UsageError {
  /** What tells it from other errors. */
  override name = "ConfigError";
}

// Keys that more than one flag sets.
const FLAGS: Readonly<Record<string, string>> = { switches: "--switch-at" };

/** The flag of `deno task train` that sets a key. */
export function flagOf(key: string): string {
  return FLAGS[key] ??
    `--${key.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
}

/** What a config names. */
export interface Definitions {
  /** The task. */
  readonly task: TaskDefinition;
  /** The architecture. */
  readonly model: ModelDefinition;
  /** The loss. */
  readonly loss: LossDefinition;
  /** The optimizer. */
  readonly optimizer: OptimizerDefinition;
  /** The stages that are switched on, in their order. */
  readonly stages: readonly StageDefinition[];
}

/** The components that a config names. */
export function definitionsOf(config: Config): Definitions {
  checkArgument("definitionsOf()", "config", config, configCheck);
  // A component reads no other keys than its own, which every config has.
  return {
    task: tasks[config.task] as TaskDefinition,
    model: models[config.model] as ModelDefinition,
    loss: losses[config.loss] as LossDefinition,
    optimizer: optimizers[config.optimizer] as OptimizerDefinition,
    stages: (Object.values(stages) as StageDefinition[])
      .filter((stage) => isOn(stage, config)),
  };
}

// The keys that only components read.
function ownedKeys(): string[] {
  const all = new Set(Object.keys({ ...runSettings, ...placeSettings }));
  return [tasks, models, losses, optimizers, stages]
    .flatMap((registry) => Object.keys(settingsOf<Registry>(registry)))
    .filter((key) => !all.has(key));
}

/** The keys that say nothing in an experiment: what they name is not in it. */
export function idleKeys(config: Config): (keyof Config)[] {
  const courses = [0, ...config.switches.map(({ at }) => at)];
  const idle = courses.map((step) => idleIn(configAt(config, step)));
  return configKeys.filter((key) => idle.every((keys) => keys.has(key)));
}

function idleIn(config: Config): Set<string> {
  const { stages: on, ...named } = definitionsOf(config);
  const keysReadBy = (component: Component) => {
    const idle = component.idle?.(config) ?? [];
    return Object.keys(component.settings).filter((key) => !idle.includes(key));
  };
  const read = new Set<string>([
    ...[...Object.values<Component>(named), ...on].flatMap(keysReadBy),
    ...Object.values<StageDefinition>(stages).map(({ by }) => by),
  ]);
  const drawn = named.task.form(config).total !== undefined;
  return new Set<string>([
    ...ownedKeys().filter((key) => !read.has(key)),
    ...(drawn ? [] : ["trainFraction"]),
    ...idlePlace.filter(([, idle]) => idle(config)).map(([key]) => key),
  ]);
}

/**
 * Checks a config and fills in the defaults.
 *
 * ```ts
 * import { ConfigError, resolveConfig } from "@groklab/groklab";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const config = resolveConfig({ modulus: 31, loss: "softmax" });
 * assertEquals([config.modulus, config.optimizer], [31, "adamw"]);
 * assertThrows(() => resolveConfig({ modulus: 1 }), ConfigError, "--modulus");
 * ```
 *
 * @param input The parsed contents of a config.json, or any part of one.
 * @returns The whole config, keys in a fixed order; resolving it again gives
 * the same.
 * @throws {ConfigError} naming the first bad key, what it is and what it must be.
 */
export function resolveConfig(input: unknown): Config {
  const config = checked(input);
  const problem = problemOf(config) ??
    courseProblem(config, Object.keys(learning), problemLater);
  if (problem !== undefined) throw new ConfigError(problem);
  return Object.fromEntries(
    configKeys.map((key) => [key, config[key]]),
  ) as unknown as Config;
}

function checked(input: unknown): Config {
  // To valibot a list is an object too.
  const result = v.safeParse(
    schema,
    Array.isArray(input) ? null : inTodaysWords(input),
  );
  if (!result.success) throw new ConfigError(describe(result.issues[0]));
  return result.output as Config;
}

// What is wrong with a config in force after a switch.
function problemLater(config: Config): string | undefined {
  try {
    return problemOf(checked(config));
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

function describe(issue: v.BaseIssue<unknown>): string {
  const key = issue.path?.[0]?.key;
  if (key === undefined) {
    return `A config must be an object of settings, got ${shown(issue.input)}`;
  }
  const flag = flagOf(String(key));
  if (!(String(key) in configSettings)) {
    return `Unknown setting ${key}${
      didYouMean(keysMeant(String(key), configKeys))
    }: a config has ${configKeys.join(", ")}`;
  }
  // The value as a whole, not the element of a list that is at fault.
  const value = issue.path?.[0]?.value;
  const setting = configSettings[key as keyof Config];
  return `${flag} ${issue.message}, got ${shown(value)}` +
    nameHint(String(key), setting, issue);
}

// What does not go together, in words that begin with a flag.
function problemOf(config: Config): string | undefined {
  const { task, model, loss, optimizer, stages } = definitionsOf(config);
  for (const component of [task, model, loss, optimizer, ...stages]) {
    const problem = (component as Component).check?.(config);
    if (problem !== undefined) return problem;
  }
  const form = task.form(config);
  const refusal = model.refuses?.(form, config);
  if (refusal !== undefined) {
    const { input } = form;
    const rows = input.kind === "tokens" ? "tokens" : input.name;
    const flag = input.kind === "tokens" ? undefined : input.flag;
    return `--model ${config.model} ${refusal}: --task ${config.task} has ` +
      `${rows}${flag ? ` with ${flag}` : ""}, use another model`;
  }
  if (!loss.precisions.includes(config.lossPrecision)) {
    return `--loss-precision of ${config.loss} must be ` +
      `${loss.precisions.join(" or ")}, got ${config.lossPrecision}`;
  }
  return placeProblem(config) ?? precisionProblem(config) ??
    splitProblem(config, form.total);
}

function precisionProblem(config: Config): string | undefined {
  if (config.engine !== "tfjs") return;
  for (const key of ["precision", "lossPrecision"] as const) {
    if (config[key] === "float32") continue;
    return `${flagOf(key)} must be float32 with --engine tfjs, which has no ` +
      `other, got ${config[key]}: use --engine onnx`;
  }
}

function splitProblem(
  { trainFraction }: Config,
  total: number | undefined,
): string | undefined {
  if (total === undefined) return;
  const size = trainSize(trainFraction, total);
  if (size > 0 && size < total) return;
  return `--train-fraction must leave both parts at least one of the ${total} ` +
    `examples, got ${trainFraction}`;
}
