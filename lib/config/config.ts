/**
 * The one schema of an experiment: what `config.json` holds and what the flags
 * of `deno task train` set. Its keys are those of the run and those that the
 * registries' components list.
 *
 * @module
 */

import type * as v from "../base/valibot.ts";
import type { ModelDefinition } from "../../models/definition.ts";
import { models } from "../../models/mod.ts";
import { UsageError } from "../base/errors.ts";
import { isObject, type Unchecked } from "../base/json.ts";
import { didYouMean } from "../base/nearest.ts";
import { checkArgument, configCheck } from "../base/options.ts";
import { classCountsProblem } from "../data/class_counts.ts";
import { trainSize } from "../data/dataset.ts";
import type { TaskDefinition } from "../data/definition.ts";
import { tasks } from "../data/registry.ts";
import { sequenceProblem } from "../data/sequence.ts";
import type { LossDefinition } from "../losses/loss.ts";
import { losses } from "../losses/mod.ts";
import {
  isOn,
  type OptimizerDefinition,
  type StageDefinition,
} from "../optim/definition.ts";
import { optimizers, stages } from "../optim/mod.ts";
import { nameHint, shown } from "../settings/checked.ts";
import { keysMeant } from "../settings/meant.ts";
import {
  deviceSettings,
  idleDeviceKeys,
  runSettings,
} from "../settings/run.ts";
import type { Component } from "../settings/setting.ts";
import { deviceProblem } from "./devices.ts";
import { drawsBits, generatorOf, usualGenerator } from "./generator.ts";
import {
  type Config,
  type ConfigInput,
  configKeys,
  configSettings,
  flagOf,
  learningKeys,
  parseConfig,
  type Registry,
  settingsOf,
} from "./keys.ts";
import { upgradedConfig } from "./older_configs.ts";
import {
  unknownKeys,
  unknownLoss,
  unknownModel,
  unknownOptimizer,
  unknownTask,
} from "./stand_ins.ts";
import { regressionProblem } from "./regressions.ts";
import { configAt, planProblem } from "./switches.ts";
import { unfitProblem } from "./unfit.ts";
import { withUsual } from "./usual.ts";
import { usedModules, usedNow, useProblem } from "./used.ts";

export {
  type Config,
  type ConfigInput,
  configKeys,
  type ConfigSettings,
  configSettings,
  defaults,
  flagOf,
  type LearningSettings,
  type Naming,
  type Registry,
  type SettingsOf,
  type Union,
} from "./keys.ts";

/** A config that no experiment can be run from. */
export class ConfigError extends UsageError {
  /** What tells it from other errors. */
  override name = "ConfigError";
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

const own = <T>(registry: Readonly<Record<string, unknown>>, name: string) =>
  Object.hasOwn(registry, name) ? registry[name] as T : undefined;

/**
 * The components that a config names. Of a run that was made with extensions which
 * are not here something stands for each that is not known, and says so when it
 * is asked for what it is.
 *
 * @throws {TypeError} if it is no config as resolveConfig() gives it.
 */
export function definitionsOf(config: Config): Definitions {
  checkArgument("definitionsOf()", "config", config, configCheck);
  // A component reads no other keys than its own, which every config has.
  const optimizer = own<OptimizerDefinition>(optimizers, config.optimizer);
  return {
    task: own<TaskDefinition>(tasks, config.task) ?? unknownTask(config),
    model: own<ModelDefinition>(models, config.model) ?? unknownModel(config),
    loss: own<LossDefinition>(losses, config.loss) ?? unknownLoss(config),
    optimizer: optimizer && unknownKeys(config).length === 0
      ? optimizer
      : unknownOptimizer(config, optimizer),
    stages: (Object.values(stages) as StageDefinition[])
      .filter((stage) => isOn(stage, config)),
  };
}

/**
 * How many examples a train fraction is taken of; undefined where none is taken,
 * or the task is not known here.
 */
export function totalOf(config: Config): number | undefined {
  if (!Object.hasOwn(tasks, config.task)) return undefined;
  return definitionsOf(config).task.form(config).total;
}

// The keys that only components read.
function ownedKeys(): string[] {
  const all = new Set(Object.keys({ ...runSettings, ...deviceSettings }));
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
  const drawn = totalOf(config) !== undefined ||
    !Object.hasOwn(tasks, config.task);
  return new Set<string>([
    ...ownedKeys().filter((key) => !read.has(key)),
    ...(drawn ? [] : ["trainFraction"]),
    ...(drawsBits(config, named.model) === false ? ["generator"] : []),
    ...idleDeviceKeys.filter(([, idle]) => idle(config)).map(([key]) => key),
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
    planProblem(config, learningKeys, problemLater);
  if (problem !== undefined) throw new ConfigError(problem);
  const { model } = definitionsOf(config);
  const generator = generatorOf(config, model, usualGenerator(input));
  const whole = { ...config, generator };
  const ordered: Unchecked<Config> = Object.fromEntries(
    configKeys.flatMap((key) =>
      whole[key] === undefined ? [] : [[key, whole[key]]]
    ),
  );
  return ordered as Config;
}

/**
 * A config out of a file, of which something is to be changed: what it leaves open
 * is what it was without the change.
 */
export function toBeChanged(input: ConfigInput): ConfigInput {
  if (usualGenerator(input) === "squares") return input;
  try {
    return { ...input, generator: resolveConfig(input).generator };
  } catch {
    return input; // Refused with the change, in better words.
  }
}

function checked(input: unknown): Config {
  const problem = useProblem(input);
  if (problem !== undefined) throw new ConfigError(problem);
  // To valibot a list is an object too.
  const given = Array.isArray(input) ? null : upgradedConfig(input);
  const result = parseConfig(
    usedModules.length > 0 && isObject(given)
      ? { ...given, use: usedNow(given) }
      : given,
  );
  if (!result.success) throw new ConfigError(describe(result.issues[0]));
  const config = result.output;
  return withUsual(config, componentsOf(definitionsOf(config)));
}

const componentsOf = (definitions: Definitions): Component[] => {
  const { task, model, loss, optimizer, stages } = definitions;
  return [task, model, loss, optimizer, ...stages] as Component[];
};

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
  const definitions = definitionsOf(config);
  const { task, model, loss } = definitions;
  for (const component of componentsOf(definitions)) {
    const problem = component.check?.(config);
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
  const unfit = classCountsProblem(config, form) ??
    regressionProblem(config, form, loss);
  if (unfit !== undefined) return unfit;
  if (!loss.precisions.includes(config.lossPrecision)) {
    return `--loss-precision of ${config.loss} must be ` +
      `${loss.precisions.join(" or ")}, got ${config.lossPrecision}`;
  }
  return unfitProblem(config, model, loss) ?? deviceProblem(config) ??
    splitProblem(config, form.total) ?? sequenceProblem(config, form);
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
