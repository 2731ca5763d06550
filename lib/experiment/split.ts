/**
 * The dataset that a config names, as its model takes it.
 *
 * @module
 */

import {
  type Config,
  type Definitions,
  definitionsOf,
} from "../config/config.ts";
import {
  type Dataset,
  type Examples,
  type Split,
  split,
} from "../data/dataset.ts";
import { checkRows } from "../data/definition.ts";
import { longTail, withClassCounts } from "../data/class_counts.ts";
import { withLabelNoise } from "../data/label_noise.ts";
import { sequenceSplit } from "../data/sequence.ts";
import { type RandomKey, randomKey } from "../numeric/random.ts";
import { checkArgument, configCheck } from "../base/options.ts";

/**
 * The streams of a config's data: their seed may be another than the rest's.
 *
 * @throws {TypeError} if it is no config as resolveConfig() gives it.
 */
export function dataKey(config: Config): RandomKey {
  checkArgument("dataKey()", "config", config, configCheck);
  return randomKey(config.dataSeed ?? config.seed);
}

/**
 * All rows of a config's task, as its model takes them.
 *
 * @param config The config.
 * @param definitions What it names, where that is known.
 * @throws {TypeError} if it is no config as resolveConfig() gives it, or the
 * task's rows have another length than its form says.
 * @throws {RangeError} if a label or a token of the task is outside its form.
 */
export function datasetOf(
  config: Config,
  definitions?: Definitions,
): Dataset {
  checkArgument("datasetOf()", "config", config, configCheck);
  const { task, model } = definitions ?? definitionsOf(config);
  const dataset = task.dataset(config, dataKey(config));
  const form = task.form(config);
  checkRows(dataset, form, config.task);
  const { read } = model;
  if (!read) return dataset;
  const seen = <E extends Examples>(examples: E): E => ({
    ...examples,
    inputs: examples.inputs.map((row) => read(row, form)),
  });
  const { split } = dataset;
  return split
    ? { ...seen(dataset), split: mapParts(split, seen) }
    : seen(dataset);
}

const mapParts = (split: Split, f: (part: Examples) => Examples): Split => ({
  ...split,
  train: f(split.train),
  test: f(split.test),
  ...(split.extra && {
    extra: Object.fromEntries(
      Object.entries(split.extra).map(([name, part]) => [name, f(part)]),
    ),
  }),
});

/**
 * A config's dataset in its parts: of the train rows as many of each class as are
 * wanted, label noise among them. Of two tasks those of the one that is trained;
 * switches that come are not looked at.
 *
 * @param config The experiment.
 * @param dataset All its rows, where they were made already.
 * @throws {UsageError} if a task's sizes turn out impossible, a class has fewer
 * train rows than are wanted, or the task's files are not there.
 * @throws {SyntaxError} if a file of a task is not what it should be.
 */
export function splitOf(
  config: Config,
  dataset?: Dataset,
): Split {
  checkArgument("splitOf()", "config", config, configCheck);
  const { trainFraction, labelNoise } = config;
  const key = dataKey(config);
  const whole = dataset ?? datasetOf(config);
  if (whole.taskSizes) return sequenceSplit(whole, config, key);
  const { classes } = whole;
  const all = whole.split ?? split(whole, trainFraction, key("split"));
  const parts = { ...all, train: ofCounts(config, all.train, classes, key) };
  if (labelNoise === 0) return parts;
  const noise = key("label-noise");
  return {
    ...parts,
    train: withLabelNoise(parts.train, labelNoise, classes, noise),
  };
}

// The test rows stay as they are.
function ofCounts(
  { classCounts, classImbalance }: Config,
  train: Examples,
  classes: number,
  key: RandomKey,
): Examples {
  const counts = classCounts ??
    (classImbalance === undefined
      ? undefined
      : longTail(train.labels, classes, classImbalance));
  return counts ? withClassCounts(train, counts, key("class-counts")) : train;
}
