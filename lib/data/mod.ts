/**
 * Datasets, their seeded split, and random streams.
 *
 * @module
 */

export * from "./comparison.ts";
export * from "./composition.ts";
export * from "./dataset.ts";
export * from "./definition.ts";
export * from "./encoding.ts";
export * from "./idx.ts";
export type { KnowledgeSettings } from "./knowledge.ts";
export * from "./label_noise.ts";
export * from "./mnist.ts";
export * from "./modular.ts";
export * from "./parity.ts";
export * from "./random.ts";
export { tasks } from "./registry.ts";
export * from "./task.ts";
