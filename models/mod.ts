/**
 * Entry point `@groklab/groklab/models`: architectures, the layers that they are
 * made of, and what their parameters start as.
 *
 * @module
 */

import { encoderModel } from "./encoder.ts";
import { freeFeaturesModel } from "./free_features.ts";
import { mlpModel } from "./mlp.ts";
import { transformerModel } from "./transformer.ts";

export { defineModel, type ModelDefinition } from "./definition.ts";
export type { EncoderSettings } from "./encoder.ts";
export {
  freeFeatures,
  type FreeFeaturesOptions,
  type FreeFeaturesParams,
  type FreeFeaturesSettings,
} from "./free_features.ts";
export {
  type ElementDraw,
  type Initialisation,
  initialiser,
  type InitName,
  inits,
  type Parameter,
  type Parameters,
  shapesOf,
} from "./init.ts";
export {
  attend,
  type AttentionOptions,
  attentionParameters,
  type AttentionParams,
  type Normalisation,
} from "./layers/attention.ts";
export {
  batchNorm,
  batchNormBuffers,
  type BatchNormParams,
} from "./layers/batch_norm.ts";
export {
  block,
  type BlockOptions,
  blockParameters,
  type BlockParams,
  type Drop,
} from "./layers/block.ts";
export type { Activation } from "./layers/activation.ts";
export { dropout, dropoutRate } from "./layers/dropout.ts";
export { layerNorm, normParameters, type NormParams } from "./layers/norm.ts";
export {
  asVectors,
  type BatchShape,
  computed,
  linear,
  lookedUp,
  type Vectors,
} from "./layers/vectors.ts";
export {
  type Layer,
  mlp,
  type MlpOptions,
  type MlpParams,
  type MlpSettings,
} from "./mlp.ts";
export { embed, type Hook, type Model, noHook, within } from "./model.ts";
export {
  type InitSettings,
  initSettings,
  type ResidualSettings,
  residualSettings,
  tokensOf,
} from "./settings.ts";
export type { Mode } from "./training_mode.ts";
export {
  transformer,
  type TransformerOptions,
  type TransformerParams,
  type TransformerSettings,
} from "./transformer.ts";

/** Every architecture by its name in a config. */
export const models = {
  mlp: mlpModel,
  transformer: transformerModel,
  encoder: encoderModel,
  "free-features": freeFeaturesModel,
};
