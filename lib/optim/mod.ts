/**
 * Entry point `@groklab/groklab/optim`: optimizers, which are chains of gradient
 * transformations, and trees of parameters.
 *
 * @module
 */

import { adagrad } from "./directions/adagrad.ts";
import { clipNormStage, clipValueStage } from "./stages/clip.ts";
import { constantNormStage } from "./stages/constant_norm.ts";
import { freeFeaturesStage } from "./stages/free_features.ts";
import { grokfastEmaStage, grokfastMaStage } from "./stages/grokfast.ts";
import { l1Stage } from "./stages/l1.ts";
import { lion } from "./directions/lion.ts";
import { muon } from "./directions/muon.ts";
import { adam, adamw, sgd } from "./optimizers.ts";
import { perpGradStage } from "./stages/perp_grad.ts";
import { rmsprop } from "./directions/rmsprop.ts";

export {
  leavesOf,
  type MapLeaves,
  type MapNode,
  mapTree,
  type Tree,
  treeOf,
} from "../base/tree.ts";
export {
  defineOptimizer,
  defineStage,
  type OptimizerDefinition,
  type Rated,
  type StageDefinition,
} from "./definition.ts";
export {
  defineDescent,
  type Descent,
  type WeightDecayKind,
} from "./descent.ts";
export { scaleByAdagrad } from "./directions/adagrad.ts";
export {
  type AdamOptions,
  type AdamState,
  scaleByAdam,
} from "./directions/adam.ts";
export { scaleByLion } from "./directions/lion.ts";
export {
  type MuonOptions,
  type MuonScale,
  type MuonSettings,
  newtonSchulz,
  scaleByMuon,
} from "./directions/muon.ts";
export { scaleByRmsprop } from "./directions/rmsprop.ts";
export { dot, norm } from "./norm.ts";
export {
  type FeatureHold,
  type FeatureHoldSettings,
  holdFeatures,
} from "./stages/free_features.ts";
export { partition } from "./partition.ts";
export {
  addDecayedWeights,
  decayIndependently,
  type Rate,
  scaleByLearningRate,
  scaleByMomentum,
} from "./scaling.ts";
export {
  cosineDecay,
  linearWarmup,
  type Schedule,
  scheduleOf,
  type ScheduleSettings,
  stepDecay,
} from "./schedule.ts";
export {
  type AdamSettings,
  adamSettings,
  type DescentSettings,
  descentSettings,
} from "./settings.ts";
export { clipByNorm, clipByValue } from "./stages/clip.ts";
export { constantNorm } from "./stages/constant_norm.ts";
export {
  grokfastEma,
  grokfastMa,
  type GrokfastSettings,
} from "./stages/grokfast.ts";
export { addL1 } from "./stages/l1.ts";
export {
  perpGrad,
  type PerpGradOptions,
  type PerpGradSettings,
} from "./stages/perp_grad.ts";
export {
  applyUpdates,
  chain,
  type ChainState,
  ema,
  type GradientTransformation,
  newCount,
  type Params,
  stateless,
  zerosLike,
  zipTrees,
} from "./transform.ts";

/** Every optimizer by its name in a config. */
export const optimizers = {
  adamw,
  adam,
  sgd,
  adagrad,
  rmsprop,
  lion,
  muon,
};

/** The name of an optimizer. */
export type OptimizerName = keyof typeof optimizers;

/**
 * The stages that a config may put around its optimizer. Those before it stand
 * in this order: ⊥Grad is the last that changes the gradient, so that nothing
 * turns it back towards the weights but the optimizer itself and, like its weight
 * decay, L1 regularisation.
 */
export const stages = {
  grokfastEma: grokfastEmaStage,
  grokfastMa: grokfastMaStage,
  clipValue: clipValueStage,
  clipNorm: clipNormStage,
  perpGrad: perpGradStage,
  l1: l1Stage,
  freeFeatures: freeFeaturesStage,
  constantNorm: constantNormStage,
};
