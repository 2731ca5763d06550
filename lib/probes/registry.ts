/**
 * Every probe, a line each: what a file exports as a probe is one.
 *
 * @module
 */

export * from "./fourier.ts";
export * from "./logit_scaling.ts";
export * from "./progress_measures.ts";
