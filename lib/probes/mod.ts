/**
 * Entry point `@groklab/groklab/probes`: probes, questions to a checkpoint file or a
 * run that are answered through ONNX Runtime, the types of their results, and the
 * functions that they are made of.
 *
 * @module
 */

// Asking.

// Asking.

export { type Contents, contentsOf } from "./asking/contents.ts";
export type { ProbeReport } from "./asking/messages.ts";
export type { ProbeOptions } from "./asking/options.ts";
export { probe } from "./asking/probe_checkpoint.ts";
export { probeRun, type RunReport } from "./asking/probe_run.ts";
export {
  type AnyProbe,
  type AskedName,
  type CheckpointProbe,
  type ProbeName,
  probeNames,
  type ProbeResults,
  probes,
  probeSettings,
  type Registered,
  type WholeRunProbe,
} from "./catalogue.ts";
export {
  defineProbe,
  defineRunProbe,
  type Probe,
  type ProbeText,
  type RunProbe,
} from "./probe.ts";
export {
  type CheckpointRun,
  ProbeContext,
  type ProbeContextOptions,
  type RunCheckpoint,
} from "./context/context.ts";
export { NotApplicableError } from "./context/not_applicable.ts";
export {
  type ModularTask,
  type Part,
  type ProbedTask,
  taskOfConfig,
  type TaskSplit,
} from "./context/task.ts";
export { RunContext } from "./run_context.ts";
export type { ProbeProgress, ProbeSeries, RunOptions } from "./run_options.ts";

// Files of other tools.

export { introduce, type Introduced } from "./foreign/foreign.ts";
export type { ForeignOptions } from "./foreign/options.ts";
export type { ForeignSplit } from "./foreign/split/read_split.ts";

// The probes, and what they are made of.

export {
  type LabelledChunk,
  type RowScores,
  Scorer,
  type Scores,
  scoresInChunks,
  scoresOver,
} from "./context/cross_entropy.ts";
export type { PartScores } from "./context/row_groups.ts";
export {
  type Alarm,
  alarmsByChance,
  type Indicator,
  INDICATORS,
  type Indicators,
  type MetricWarnings,
  movingIndicators,
  type RunWarnings,
  WARNING_OPTIONS,
  type WarningOptions,
  warningsOf,
} from "./dynamics/critical_slowing.ts";
export {
  earlyWarningStudy,
  type WarningRates,
  type WarningStudy,
} from "./dynamics/warning_study.ts";
export {
  earlyWarning,
  type EarlyWarningResult,
  type EarlyWarningSettings,
  type WarningComparison,
} from "./dynamics/early_warning.ts";
export {
  type PhaseEnd,
  phases,
  phasesOf,
  type PhasesResult,
} from "./dynamics/phases.ts";
export {
  type Pair,
  type PrincipalPlane,
  principalPlane,
} from "./dynamics/principal_plane.ts";
export {
  type ContinualMeasures,
  continualMeasures,
  type GapMeasures,
  stabilityGap,
  type StabilityGapResult,
  type TaskCurves,
  WINDOWS,
} from "./dynamics/stability_gap.ts";
export {
  ckaMatrix,
  CkaSums,
  similarity,
  type SimilarityResult,
} from "./dynamics/similarity.ts";
export {
  trajectory,
  type TrajectoryPoint,
  type TrajectoryResult,
  type TrajectorySettings,
} from "./dynamics/trajectory.ts";
export {
  type Ablation,
  ablation,
  type AblationResult,
  type AblationSettings,
} from "./fourier/ablation.ts";
export {
  type CyclicTask,
  cyclicTask,
  primitiveRoot,
} from "./fourier/cyclic.ts";
export {
  fourier,
  type FourierResult,
  type LayerSpectrum,
} from "./fourier/fourier.ts";
export {
  labelled,
  logitsLess,
  type StandIn,
  without,
  withoutFrequencies,
} from "./fourier/interventions.ts";
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
  type FrequencyProgress,
  progress,
  type ProgressResult,
} from "./fourier/progress_measures.ts";
export { components, fourierBasis, gini } from "./fourier/spectra.ts";
export {
  compressibility,
  type CompressibilityResult,
  type PruningCurve,
} from "./geometry/compressibility.ts";
export {
  type ActivationGeometry,
  geometry,
  type GeometryResult,
  type SingularSpectrum,
  type WeightGeometry,
} from "./geometry/geometry.ts";
export {
  type ClassFeatures,
  type NeuralCollapse,
  neuralCollapse,
  neuralCollapseProbe,
} from "./geometry/neural_collapse.ts";
export {
  type FrameDecay,
  type FramePrediction,
  generalOrthogonalFrame,
} from "./geometry/frame_formula.ts";
export {
  type ClassFrame,
  type FrameFeatures,
  type OffDiagonal,
  type OrthogonalFrame,
  orthogonalFrame,
  orthogonalFrameProbe,
} from "./geometry/orthogonal_frame.ts";
export { type SimplexDistance, simplexDistance } from "./geometry/simplex.ts";
export {
  edgeOfStability,
  type EdgeOfStabilityResult,
  type EdgeOfStabilitySettings,
} from "./loss/edge_of_stability.ts";
export {
  dynamicalStability,
  type DynamicalStabilitySettings,
} from "./loss/dynamical_stability.ts";
export type {
  CurvatureEstimate,
  DynamicalStabilityResult,
} from "./loss/stability_at.ts";
export { type Edge, edgeOf } from "./loss/optimizer_edge.ts";
export { logitScaling, type LogitScalingResult } from "./loss/logit_scaling.ts";
export {
  margin,
  type MarginDistribution,
  type MarginResult,
} from "./loss/margin.ts";
export {
  nlm,
  type NlmAt,
  type NlmResult,
  type NlmStep,
  type NlmTensor,
} from "./loss/nlm.ts";
export {
  growthOf,
  numericalStability,
  type NumericalStabilityResult,
  type SoftmaxAt,
} from "./loss/numerical_stability.ts";
export type { AttentionCollapse } from "./loss/attention_collapse.ts";
export type { ScalingGroup } from "./loss/scaling_groups.ts";
export type { ScalingRow } from "./loss/scaling_rows.ts";
export {
  attention,
  type AttentionResult,
  type HeadPattern,
  type LensRow,
} from "./transformer/attention.ts";
export type {
  DirectAttribution,
  PartLogit,
} from "./transformer/attribution.ts";
export {
  type Estimate,
  type Extremes,
  hutchinson,
  lanczos,
  type LanczosOptions,
  type RitzValue,
  type SpectrumEnd,
  type SymmetricMap,
  type Vector,
} from "../numeric/lanczos.ts";
export type { Matrix } from "../numeric/matrix.ts";
export { allFinite, finite } from "../numeric/statistics.ts";

// Files of other tools.

// The probes, and what they are made of.
