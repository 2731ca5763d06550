/**
 * What a run's config says, and what it left unsaid because there was no choice
 * when it was written.
 *
 * @module
 */

import type { RandomGenerator } from "../numeric/random.ts";
import { ConfigError, definitionsOf, resolveConfig } from "./config.ts";
import { generatorOf, usualGenerator } from "./generator.ts";
import { upgradedConfig } from "./older_configs.ts";
import { configWithout } from "./stand_ins.ts";

/**
 * A run's config in the words of this version, with the generator that the run
 * draws by; without one where it draws nothing, or where that is the secret of an
 * extension which is not here.
 *
 * @param config The parsed contents of a config.json.
 */
export function statedConfig(
  config: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const today = upgradedConfig(config) as Record<string, unknown>;
  const generator = unsaidGenerator(config);
  return generator === undefined ? today : { ...today, generator };
}

// The generator of a run that had no choice.
function unsaidGenerator(config: unknown): RandomGenerator | undefined {
  const usual = usualGenerator(config);
  if (usual === "squares") return undefined;
  const without = configWithout(config);
  if (without) return generatorOf(without, definitionsOf(without).model, usual);
  try {
    return resolveConfig(config).generator;
  } catch (error) {
    // What is wrong with it is not asked here.
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}
