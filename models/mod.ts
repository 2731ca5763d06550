/**
 * Architectures.
 *
 * @module
 */

export * from "./mlp.ts";
export * from "./model.ts";
export * from "./transformer.ts";
