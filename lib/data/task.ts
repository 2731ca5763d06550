/**
 * The dataset that a config names.
 *
 * @module
 */

import type { Config } from "../config/config.ts";
import type { Dataset } from "./dataset.ts";
import { modular } from "./modular.ts";
import { parity } from "./parity.ts";
import { type RandomKey, randomKey } from "./random.ts";

/** The streams of a config's data: their seed may be another than the rest's. */
export function dataKey({ seed, dataSeed }: Config): RandomKey {
  return randomKey(dataSeed ?? seed);
}

/**
 * All rows of a config's task, as its model takes them: pairs of tokens, with
 * "=" (token p) behind them for the transformer, or bits.
 */
export function datasetOf(config: Config): Dataset {
  const { task, model, modulus } = config;
  if (task === "parity") return parity(config, dataKey(config)("data"));
  const pairs = modular(task, modulus);
  if (model === "mlp") return pairs;
  return { ...pairs, inputs: pairs.inputs.map((row) => [...row, modulus]) };
}
