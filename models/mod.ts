/**
 * Architectures.
 *
 * @module
 */

import { mlpModel } from "./mlp.ts";
import { transformerModel } from "./transformer.ts";

export * from "./definition.ts";
export * from "./dropout.ts";
export * from "./mlp.ts";
export * from "./model.ts";
export * from "./transformer.ts";

/** Every architecture by its name in a config. */
export const models = { mlp: mlpModel, transformer: transformerModel };
