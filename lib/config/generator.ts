/**
 * Which generator makes the random bits of an experiment's steps.
 *
 * @module
 */

import type { ModelDefinition } from "../../models/definition.ts";
import type { RandomGenerator } from "../numeric/random.ts";
import type { Config } from "./keys.ts";
import { isWritten } from "./older_configs.ts";

/**
 * Whether an experiment's steps are random: mini-batches, dropout. Undefined where
 * that is the secret of a model which does not say so.
 */
export function drawsBits(
  config: Config,
  model: ModelDefinition,
): boolean | undefined {
  return config.batchSize !== null || model.draws?.(config);
}

/**
 * The generator of a config that names none: of one that a run has written it is the
 * one that there was before there was a choice.
 *
 * @param input The parsed contents of a config.json, or any part of one.
 */
export function usualGenerator(input: unknown): RandomGenerator {
  return isWritten(input) && !("generator" in input) ? "threefry" : "squares";
}

/**
 * The generator of an experiment; none where nothing is drawn, so that the configs of
 * such runs are what they have always been. Where nobody knows whether anything is,
 * none is Threefry.
 *
 * @param config Its config.
 * @param model Its model.
 * @param usual What it is where the config names none.
 */
export function generatorOf(
  config: Config,
  model: ModelDefinition,
  usual: RandomGenerator,
): RandomGenerator | undefined {
  const draws = drawsBits(config, model);
  const { generator } = config;
  if (draws) return generator ?? usual;
  return draws === undefined && generator === "squares" ? generator : undefined;
}
