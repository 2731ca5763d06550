/**
 * Losses, one a file: value and closed-form gradient side by side.
 *
 * @module
 */

import type { Loss } from "./loss.ts";
import { softmax } from "./softmax.ts";
import { stableMax } from "./stablemax.ts";

export { type Loss, meanLoss } from "./loss.ts";
export { accuracy, fraction, mean } from "./measures.ts";
export { collapsed, softmax } from "./softmax.ts";
export { stableMax, stableMaxTerms } from "./stablemax.ts";

/** Every loss by its name in a config. */
export const losses = { stablemax: stableMax, softmax } satisfies Record<
  string,
  Loss
>;

/** The name of a loss. */
export type LossName = keyof typeof losses;
