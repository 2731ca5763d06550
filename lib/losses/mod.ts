/**
 * Losses, one a file: value and closed-form gradient side by side.
 *
 * @module
 */

import { plainLoss } from "./loss.ts";
import { softmax } from "./softmax.ts";
import { stableMax } from "./stablemax.ts";

export { scaleCorrectLogit } from "./correct_logit.ts";
export {
  defineLoss,
  type Loss,
  type LossDefinition,
  meanLoss,
  plainLoss,
} from "./loss.ts";
export { accuracy, fraction, mean } from "./measures.ts";
export { collapsed, softmax } from "./softmax.ts";
export { stableMax, stableMaxTerms } from "./stablemax.ts";

/** Every loss by its name in a config. */
export const losses = {
  stablemax: plainLoss(stableMax, "StableMax cross-entropy"),
  softmax: plainLoss(softmax, "softmax cross-entropy"),
};

/** The name of a loss. */
export type LossName = keyof typeof losses;
