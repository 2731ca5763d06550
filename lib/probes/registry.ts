/**
 * Every probe, a line each: what a file exports as a probe is one.
 *
 * @module
 */

export * from "./fourier/ablation.ts";
export * from "./transformer/attention.ts";
export * from "./fourier/fourier.ts";
export * from "./loss/logit_scaling.ts";
export * from "./loss/numerical_stability.ts";
export * from "./loss/nlm.ts";
export * from "./geometry/geometry.ts";
export * from "./geometry/neural_collapse.ts";
export * from "./geometry/compressibility.ts";
export * from "./geometry/orthogonal_frame.ts";
export * from "./loss/margin.ts";
export * from "./loss/edge_of_stability.ts";
export * from "./loss/dynamical_stability.ts";
export * from "./dynamics/trajectory.ts";
export * from "./dynamics/similarity.ts";
export * from "./dynamics/early_warning.ts";
export * from "./dynamics/phases.ts";
export * from "./dynamics/stability_gap.ts";
export * from "./fourier/progress_measures.ts";
export * from "./dynamics/opposing.ts";
