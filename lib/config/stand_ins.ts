/**
 * Configs that were made with extensions which this process does not have: what
 * can be said of them without.
 *
 * @module
 */

import * as v from "../base/valibot.ts";
import { NotApplicableError } from "../base/errors.ts";
import { isObject } from "../base/json.ts";
import type { TaskDefinition } from "../data/definition.ts";
import type { LossDefinition } from "../losses/loss.ts";
import type { ModelDefinition } from "../../models/definition.ts";
import type { OptimizerDefinition } from "../optim/definition.ts";
import { type Config, configSettings, defaults } from "./keys.ts";
import { modulesIn, modulesLacking } from "./used.ts";

// Keys whose values are names out of registries.
const NAMED: readonly string[] = [
  ...["task", "model", "loss", "optimizer", "metrics"],
];

/** The keys of a config that this process does not know. */
export function unknownKeys(config: object): string[] {
  return Object.keys(config)
    .filter((key) => key !== "use" && !Object.hasOwn(configSettings, key));
}

/**
 * A config that was made with extensions, read without them: names and keys that
 * are not known here stay as they are.
 *
 * @param input The parsed contents of a config.json.
 * @returns Undefined where it names none that is not here, or has something
 * else that is not known.
 */
export function configWithout(input: unknown): Config | undefined {
  if (!isObject(input) || modulesLacking(input).length === 0) return undefined;
  for (const [key, value] of Object.entries(input)) {
    const setting = Object.hasOwn(configSettings, key)
      ? configSettings[key as keyof Config]
      : undefined;
    if (!setting || v.is(setting.schema, value)) continue;
    const isName = typeof value === "string" || Array.isArray(value);
    if (!NAMED.includes(key) || !isName) return undefined;
  }
  return { ...defaults, ...input } as Config;
}

/** Says which extension is lacking: one of those that are not here. */
export function lacks(config: Config, what: string): never {
  const lacking = modulesLacking(config);
  const names = (lacking.length > 0 ? lacking : modulesIn(config))
    .map(({ module }) => module).join(" or ");
  throw new NotApplicableError(
    `It needs ${what} of the extension ${names}, which ` +
      (lacking.length > 0
        ? "is not here: name it with --use"
        : "is here in a version that has none: put the run's back, as --use RUN " +
          "does"),
  );
}

/** What stands for a task that is not known here. */
export function unknownTask(config: Config): TaskDefinition {
  const lack = () => lacks(config, `the task ${config.task}`);
  const { task: name } = config;
  return {
    summary: name,
    settings: {},
    form: lack,
    dataset: lack,
    describe: () => name,
  };
}

/** What stands for an architecture that is not known here. */
export function unknownModel(config: Config): ModelDefinition {
  const { model: name } = config;
  return {
    summary: name,
    settings: {},
    make: () => lacks(config, `the model ${name}`),
    describe: () => name,
  };
}

/** What stands for a loss that is not known here. */
export function unknownLoss(config: Config): LossDefinition {
  const { loss: name } = config;
  return {
    summary: name,
    settings: {},
    precisions: ["float16", "float32", "float64"],
    make: () => lacks(config, `the loss ${name}`),
  };
}

/**
 * What stands for an optimizer that is not known here, or around which stages may
 * stand that are not.
 *
 * @param known The optimizer, where it is known.
 */
export function unknownOptimizer(
  config: Config,
  known: OptimizerDefinition | undefined,
): OptimizerDefinition {
  const { optimizer: name } = config;
  return {
    summary: name,
    settings: known?.settings ?? {},
    make: () => lacks(config, known ? "the stages" : `the optimizer ${name}`),
  };
}
