/**
 * The settings of an experiment in groups, as `--help` shows them.
 *
 * @module
 */

import { tasks } from "../data/registry.ts";
import { sequenceKeys } from "../data/sequence.ts";
import { losses } from "../losses/mod.ts";
import { optimizers, stages } from "../optim/mod.ts";
import { models } from "../../models/mod.ts";
import { type Config, configKeys } from "./config.ts";
import { deviceSettings, runSettings } from "../settings/run.ts";
import { orOf } from "../base/nearest.ts";
import type { Component } from "../settings/setting.ts";

/** Which group a key belongs to. */
export type SettingGroup =
  | "data"
  | "model"
  | "loss"
  | "optimizer"
  | "run"
  | "device";

const keysOf = (registry: Readonly<Record<string, Component>>) =>
  Object.values(registry).flatMap(({ settings }) => Object.keys(settings));

// Some keys are read by several: the first line that has one counts.
const groups = (): (readonly [SettingGroup, ReadonlySet<string>])[] => [
  ["run", new Set([...Object.keys(runSettings), "metrics"])],
  ["device", new Set(Object.keys(deviceSettings))],
  [
    "data",
    new Set([
      ...["task", "trainFraction", "labelNoise", ...sequenceKeys],
      ...["classCounts", "classImbalance"],
      ...keysOf(tasks),
    ]),
  ],
  [
    "model",
    new Set(["model", "outputScale", "precision", ...keysOf(models)]),
  ],
  [
    "loss",
    new Set(["loss", "lossPrecision", "correctLogitScale", ...keysOf(losses)]),
  ],
  [
    "optimizer",
    new Set(["optimizer", ...keysOf(stages), ...keysOf(optimizers)]),
  ],
];

/**
 * What an experiment would have to name for a key to be read, in words that begin
 * with a flag: "--model transformer or encoder"; undefined where that is not it.
 */
export function readersOf(key: string, config: Config): string | undefined {
  const registries = {
    task: tasks,
    model: models,
    loss: losses,
    optimizer: optimizers,
  };
  for (const [named, registry] of Object.entries(registries)) {
    const names = Object.entries<Component>(registry)
      .flatMap(([name, { settings }]) => key in settings ? [name] : []);
    if (names.length === 0) continue;
    const has = names.includes(config[named as keyof typeof registries]);
    return has ? undefined : `--${named} ${orOf(names)}`;
  }
  return undefined;
}

/** The group of each key of a config; those that no group has are of the run. */
export function settingGroups(): ReadonlyMap<string, SettingGroup> {
  const all = groups();
  return new Map(
    configKeys.map((key) => [
      key,
      all.find(([, keys]) => keys.has(key))?.[0] ?? "run",
    ]),
  );
}
