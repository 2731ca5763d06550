/**
 * Datasets, their seeded split, and random streams.
 *
 * @module
 */

export * from "./dataset.ts";
export * from "./definition.ts";
export * from "./modular.ts";
export * from "./parity.ts";
export * from "./random.ts";
export { tasks } from "./registry.ts";
export * from "./task.ts";
