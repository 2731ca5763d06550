/**
 * Architectures.
 *
 * @module
 */

import { encoderModel } from "./encoder.ts";
import { mlpModel } from "./mlp.ts";
import { transformerModel } from "./transformer.ts";

export * from "./layers/attention.ts";
export * from "./layers/batch_norm.ts";
export * from "./layers/block.ts";
export * from "./batch.ts";
export * from "./definition.ts";
export * from "./layers/dropout.ts";
export * from "./encoder.ts";
export * from "./init.ts";
export * from "./mlp.ts";
export * from "./model.ts";
export * from "./layers/norm.ts";
export * from "./settings.ts";
export * from "./training_mode.ts";
export * from "./transformer.ts";
export * from "./layers/vectors.ts";

/** Every architecture by its name in a config. */
export const models = {
  mlp: mlpModel,
  transformer: transformerModel,
  encoder: encoderModel,
};
