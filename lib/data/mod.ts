/**
 * Datasets, their seeded split, and random streams.
 *
 * @module
 */

export * from "./tasks/comparison.ts";
export * from "./tasks/composition.ts";
export * from "./dataset.ts";
export * from "./definition.ts";
export * from "./tasks/encoding.ts";
export * from "./tasks/idx.ts";
export type { KnowledgeSettings } from "./tasks/knowledge.ts";
export * from "./label_noise.ts";
export * from "./tasks/mnist.ts";
export * from "./tasks/modular.ts";
export * from "./tasks/parity.ts";
export * from "../numeric/random.ts";
export { tasks } from "./registry.ts";
