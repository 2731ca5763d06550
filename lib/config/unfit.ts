/**
 * Keys that change what an experiment is where they are said, and are refused where
 * there is nothing for them to change.
 *
 * @module
 */

import type { ModelDefinition } from "../../models/definition.ts";
import type { LossDefinition } from "../losses/loss.ts";
import type { Config } from "./keys.ts";

/**
 * Why a model or a loss has nothing that such a key could change, in words that begin
 * with a flag; undefined where it has.
 */
export function unfitProblem(
  config: Config,
  model: ModelDefinition,
  loss: LossDefinition,
): string | undefined {
  if (config.qkNorm && !("qkNorm" in model.settings)) {
    return `--qk-norm must be off with --model ${config.model}, which has no ` +
      "queries and keys: use --model transformer or encoder";
  }
  const { zLoss } = config;
  if (zLoss === undefined || loss.make(config).logPartition) return;
  return `--z-loss must be 0 with --loss ${config.loss}, got ${zLoss}: it is of ` +
    "a softmax's partition function, which that loss does not have; use " +
    "--loss softmax or softmax-exact";
}
