/**
 * The dataset that a config names, as its model takes it.
 *
 * @module
 */

import { type Config, definitionsOf } from "../config/config.ts";
import { type Dataset, type Split, split } from "./dataset.ts";
import { type RandomKey, randomKey } from "./random.ts";

/** The streams of a config's data: their seed may be another than the rest's. */
export function dataKey({ seed, dataSeed }: Config): RandomKey {
  return randomKey(dataSeed ?? seed);
}

/** All rows of a config's task, as its model takes them. */
export function datasetOf(config: Config): Dataset {
  const { task, model } = definitionsOf(config);
  const dataset = task.dataset(config, dataKey(config));
  const form = task.form(config);
  const { read } = model;
  return read
    ? { ...dataset, inputs: dataset.inputs.map((row) => read(row, form)) }
    : dataset;
}

/** A config's dataset in two parts. */
export function splitOf(config: Config): Split {
  const dataset = datasetOf(config);
  return split(dataset, config.trainFraction, dataKey(config)("split"));
}
