/**
 * Every probe, a line each: what a file exports as a probe is one.
 *
 * @module
 */

export * from "./ablation.ts";
export * from "./attention.ts";
export * from "./fourier.ts";
export * from "./logit_scaling.ts";
export * from "./numerical_stability.ts";
export * from "./nlm.ts";
export * from "./geometry.ts";
export * from "./neural_collapse.ts";
export * from "./margin.ts";
export * from "./edge_of_stability.ts";
export * from "./trajectory.ts";
export * from "./similarity.ts";
export * from "./early_warning.ts";
export * from "./phases.ts";
export * from "./progress_measures.ts";
