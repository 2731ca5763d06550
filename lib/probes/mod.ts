/**
 * Probes: questions to a checkpoint file or a run, answered through ONNX Runtime.
 *
 * @module
 */

export type { DirectAttribution, PartLogit } from "./attribution.ts";
export * from "./catalogue.ts";
export * from "./contents.ts";
export * from "./context.ts";
export * from "./cross_entropy.ts";
export * from "./cyclic.ts";
export {
  foreignOf,
  type ForeignOptions,
  introduce,
  type Introduced,
} from "./foreign.ts";
export { findProbed } from "./foreign_run.ts";
export type { ToldOptions } from "./introduce_rows.ts";
export type { ToldPart, ToldRows } from "./told_rows.ts";
export type { Ends } from "./understand.ts";
export {
  type KeyFrequencies,
  keyFrequenciesOf,
  type KeySettings,
  type Spectrum,
} from "./key_frequencies.ts";
export {
  type Cluster,
  clustersOf,
  type Spectrum2d,
  spectrum2dOf,
} from "./neurons.ts";
export {
  type Estimate,
  type Extremes,
  hutchinson,
  lanczos,
  type LanczosOptions,
  type RitzValue,
  type SpectrumEnd,
  type SymmetricMap,
} from "./curvature.ts";
export * from "./interventions.ts";
export type { PartScores } from "./parts.ts";
export {
  type Pair,
  type PrincipalPlane,
  principalPlane,
} from "./principal_plane.ts";
export * from "./probe.ts";
export * from "./probing.ts";
export * from "./registry.ts";
export * from "./run_context.ts";
export { usualJobs } from "./shares.ts";
export type { ScalingGroup } from "./scaling_groups.ts";
export { components, fourierBasis, gini } from "./spectra.ts";
export * from "./task.ts";
