/**
 * Optimizers: chains of gradient transformations.
 *
 * @module
 */

import { adam, adamw, sgd } from "./optimizers.ts";
import { perpGradStage } from "./perp_grad.ts";

export { type AdamOptions, type AdamState, scaleByAdam } from "./adam.ts";
export {
  defineOptimizer,
  defineStage,
  type OptimizerDefinition,
  type Rated,
  type StageDefinition,
} from "./definition.ts";
export {
  perpGrad,
  type PerpGradOptions,
  type PerpGradSettings,
} from "./perp_grad.ts";
export {
  type AdamSettings,
  adamSettings,
  type RateSettings,
  rateSettings,
} from "./settings.ts";
export {
  addDecayedWeights,
  type Rate,
  scaleByLearningRate,
  scaleByMomentum,
} from "./stages.ts";
export {
  applyUpdates,
  chain,
  type ChainState,
  type GradientTransformation,
  newCount,
  type Params,
  stateless,
  zerosLike,
  zipTrees,
} from "./transform.ts";

/** Every optimizer by its name in a config. */
export const optimizers = { adamw, adam, sgd };

/** The name of an optimizer. */
export type OptimizerName = keyof typeof optimizers;

/**
 * The stages that a config may put around its optimizer. Those before it stand
 * in this order; ⊥Grad is the last of them, so that nothing turns its gradient
 * back towards the weights but the optimizer itself.
 */
export const stages = { perpGrad: perpGradStage };
