/**
 * The keys of a config: those of the run, and those that the components of the
 * registries list.
 *
 * @module
 */

import * as v from "../base/valibot.ts";
import { tasks } from "../data/registry.ts";
import { type SequenceSettings, sequenceSettings } from "../data/sequence.ts";
import type { FloatDType } from "../numeric/tensor.ts";
import { correctLogitScale } from "../losses/correct_logit.ts";
import { losses } from "../losses/mod.ts";
import { zLoss } from "../losses/z_loss.ts";
import { type MetricChoice, metricChoices } from "../metrics/mod.ts";
import { optimizers, stages } from "../optim/mod.ts";
import { models } from "../../models/mod.ts";
import {
  classCounts,
  classImbalance,
  type DeviceSettings,
  deviceSettings,
  labelNoise,
  lossPrecision,
  outputScale,
  precision,
  type RunSettings,
  runSettings,
  trainFraction,
} from "../settings/run.ts";
import {
  choice,
  choices,
  type Component,
  type Setting,
  type Settings,
  type Values,
} from "../settings/setting.ts";
import { append } from "../base/extremes.ts";
import { type From, from, type Switch, switches } from "./switches.ts";
import { usedModules, useSetting } from "./used.ts";

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

/** What every component of a registry lists, once. */
export function settingsOf<R extends Registry>(registry: R): SettingsOf<R> {
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
    /** The weight of the z-loss; undefined for none. */
    readonly zLoss: Setting<number | undefined>;
    /** The optimizer's name. */
    readonly optimizer: Naming<typeof optimizers>;
  }
  & SequenceSettings
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
    /** Train rows that each class keeps; undefined for all. */
    readonly classCounts: Setting<readonly number[] | undefined>;
    /** ρ of train rows that fall geometrically by class; undefined for none. */
    readonly classImbalance: Setting<number | undefined>;
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
  & DeviceSettings;

// How to learn: what may change on the way.
const learning = (): LearningSettings => ({
  ...sequenceSettings,
  precision,
  loss: pick(losses, "stablemax"),
  ...settingsOf(losses),
  lossPrecision,
  correctLogitScale,
  zLoss,
  optimizer: pick(optimizers, "adamw"),
  ...settingsOf(stages),
  ...settingsOf(optimizers),
});

const all = (): ConfigSettings => ({
  task: pick(tasks, "add"),
  ...settingsOf(tasks),
  trainFraction,
  labelNoise,
  classCounts,
  classImbalance,
  model: pick(models, "mlp"),
  ...settingsOf(models),
  outputScale,
  ...learning(),
  ...runSettings,
  metrics: choices(
    metricChoices,
    ["basic"],
    "<names>",
    `beside the basic ones: ${metricChoices.join(", ")}`,
  ),
  from,
  switches,
  ...deviceSettings,
});

/** Check, default and flag of every key, in the order of config.json. */
export const configSettings: ConfigSettings = all();

/**
 * A whole experiment: what config.json holds. Each key is also a flag,
 * `trainFraction` being `--train-fraction`; `deno task train --help` says what
 * each is.
 */
export type Config = Values<ConfigSettings>;

/** Any part of a config: what is left out takes its default. */
export type ConfigInput = { readonly [K in keyof Config]?: Config[K] };

const keys: (keyof Config)[] = [];

/** The keys of a config, in the order in which config.json has them. */
export const configKeys: readonly (keyof Config)[] = keys;

/** The keys that may change on the way. */
export const learningKeys: string[] = [];

function schemaOf(settings: Settings): v.GenericSchema<unknown, Config> {
  const schema: v.GenericSchema = v.strictObject(
    Object.fromEntries(
      Object.entries<Setting>(settings).map(([key, { schema, preset }]) => [
        key,
        v.optional(schema, preset),
      ]),
    ),
  );
  return schema as v.GenericSchema<unknown, Config>;
}

let schema = schemaOf(configSettings);

/** The default experiment. */
export const defaults: Config = {} as Config;

/** Holds the parsed contents of a config.json to what every key must be. */
export function parseConfig(
  input: unknown,
): v.SafeParseResult<v.GenericSchema<unknown, Config>> {
  return v.safeParse(schema, input);
}

// Who holds an object or a list goes on holding it.
function refill(object: object, contents: object): void {
  for (const key of Object.keys(object)) {
    delete (object as Record<string, unknown>)[key];
  }
  Object.assign(object, contents);
}

/** Makes the keys anew of what the registries have now. */
export function remakeKeys(): void {
  refill(configSettings, {
    ...all(),
    ...(usedModules.length > 0 && { use: useSetting }),
  });
  keys.length = 0;
  append(keys, Object.keys(configSettings) as (keyof Config)[]);
  learningKeys.length = 0;
  append(learningKeys, Object.keys(learning()));
  schema = schemaOf(configSettings);
  refill(defaults, v.parse(schema, {}));
}

remakeKeys();

// Keys that more than one flag sets.
const FLAGS: Readonly<Record<string, string>> = { switches: "--switch-at" };

/** The flag of `deno task train` that sets a key. */
export function flagOf(key: string): string {
  return FLAGS[key] ??
    `--${key.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
}
