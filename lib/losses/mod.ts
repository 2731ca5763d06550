/**
 * Entry point `@groklab/groklab/losses`: losses, one a file, value and closed-form
 * gradient side by side.
 *
 * @module
 */

import { meanAbsoluteError } from "./l1.ts";
import { type PlainLoss, plainLoss } from "./loss.ts";
import { meanSquaredError } from "./mse.ts";
import { softmaxDefinition } from "./softmax.ts";
import { softmaxExact } from "./softmax_exact.ts";
import { squaredError } from "./squared_error.ts";
import { stableMax } from "./stablemax.ts";
import { taylorDefinition } from "./taylor.ts";

export { scaleCorrectLogit } from "./correct_logit.ts";
export { meanAbsoluteError } from "./l1.ts";
export {
  defineLoss,
  type Loss,
  type LossDefinition,
  meanLoss,
  oneHot,
  pick,
  type PlainLoss,
  plainLoss,
  put,
} from "./loss.ts";
export { accuracy, mean } from "./measures.ts";
export { meanSquaredError } from "./mse.ts";
export {
  softmax,
  softmaxCrossEntropy,
  type SoftmaxOptions,
  type SoftmaxSettings,
} from "./softmax.ts";
export { softmaxExact } from "./softmax_exact.ts";
export { squaredError } from "./squared_error.ts";
export { stableMax } from "./stablemax.ts";
export { taylorExp, taylorSoftmax } from "./taylor.ts";
export { addZLoss } from "./z_loss.ts";

const stablemax: PlainLoss = plainLoss(stableMax, "StableMax cross-entropy");
const exact: PlainLoss = plainLoss(
  softmaxExact,
  "softmax cross-entropy without cancellation",
);
const mse: PlainLoss = plainLoss(
  meanSquaredError,
  "mean squared error of one-hot or real targets",
);
const l1: PlainLoss = plainLoss(
  meanAbsoluteError,
  "mean absolute error of one-hot or real targets",
);
const squared: PlainLoss = plainLoss(
  squaredError,
  "half the squared distance from one-hot or real targets",
);

/** Every loss by its name in a config. */
export const losses = {
  stablemax,
  softmax: softmaxDefinition,
  "softmax-exact": exact,
  taylor: taylorDefinition,
  mse,
  l1,
  "squared-error": squared,
};

/** The name of a loss. */
export type LossName = keyof typeof losses;
