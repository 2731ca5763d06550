/**
 * What a task without classes cannot be combined with.
 *
 * @module
 */

import { orOf } from "../base/nearest.ts";
import type { Form } from "../data/definition.ts";
import type { LossDefinition } from "../losses/loss.ts";
import { losses } from "../losses/mod.ts";
import { type Config, flagOf } from "./keys.ts";

/**
 * What of a config needs classes, where its task has none, in words that begin with a
 * flag; undefined where nothing does.
 */
export function regressionProblem(
  config: Config,
  { regression = false }: Form,
  loss: LossDefinition,
): string | undefined {
  if (!regression) return;
  const none = `--task ${config.task} is a regression and has none`;
  if (!loss.make(config).regression) {
    const fit = Object.entries<LossDefinition>(losses)
      .filter(([, { make }]) => make(config).regression)
      .map(([name]) => name);
    return `--loss ${config.loss} needs classes, and ${none}: use --loss ` +
      orOf(fit);
  }
  const needs = config.labelNoise > 0
    ? "labelNoise"
    : config.correctLogitScale !== 1
    ? "correctLogitScale"
    : undefined;
  return needs &&
    `${flagOf(needs)} needs classes, and ${none}: leave it out, got ` +
      `${config[needs]}`;
}
