/**
 * Probes: questions to a checkpoint file or a run, answered through ONNX Runtime.
 *
 * @module
 */

export type {
  DirectAttribution,
  PartLogit,
} from "./transformer/attribution.ts";
export * from "./catalogue.ts";
export * from "./asking/contents.ts";
export * from "./context/context.ts";
export { type Matrix } from "../numeric/matrix.ts";
export * from "./context/cross_entropy.ts";
export * from "./fourier/cyclic.ts";
export { foreignOf, introduce, type Introduced } from "./foreign/foreign.ts";
export { type ForeignOptions } from "./foreign/options.ts";
export { findProbed } from "./foreign/checkpoints.ts";
export type { ToldOptions } from "./foreign/introduce_rows.ts";
export type { ToldPart, ToldRows } from "./foreign/told_rows.ts";
export type { Ends } from "./foreign/understand.ts";
export {
  type KeyFrequencies,
  keyFrequenciesOf,
  type KeySettings,
  type Spectrum,
} from "./fourier/key_frequencies.ts";
export {
  type Cluster,
  clustersOf,
  type Spectrum2d,
  spectrum2dOf,
} from "./fourier/neurons.ts";
export {
  type Estimate,
  type Extremes,
  hutchinson,
  lanczos,
  type LanczosOptions,
  type RitzValue,
  type SpectrumEnd,
  type SymmetricMap,
} from "../numeric/lanczos.ts";
export * from "./fourier/interventions.ts";
export type { PartScores } from "./context/row_groups.ts";
export {
  type Pair,
  type PrincipalPlane,
  principalPlane,
} from "./dynamics/principal_plane.ts";
export * from "./probe.ts";
export { NotApplicableError } from "./context/not_applicable.ts";
export { allFinite, finite } from "../numeric/statistics.ts";
export * from "./asking/probing.ts";
export { type ProbeReport } from "./asking/messages.ts";
export { type ProbeOptions } from "./asking/options.ts";
export * from "./registry.ts";
export {
  type ProbeProgress,
  type ProbeSeries,
  RunContext,
  type RunOptions,
} from "./run_context.ts";
export { type RunCheckpoint } from "./context/context.ts";
export { usualJobs } from "./asking/threads.ts";
export type { ScalingGroup } from "./loss/scaling_groups.ts";
export { components, fourierBasis, gini } from "./fourier/spectra.ts";
export * from "./context/task.ts";
