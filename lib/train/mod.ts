/**
 * Entry point `@groklab/groklab/train`: training a run or replicas and going on with
 * either, and what it is made of: configs, experiments, metrics, steps, engines,
 * devices.
 *
 * @module
 */

// Configs, and what they make.

export {
  type Config,
  ConfigError,
  type ConfigInput,
  configKeys,
  type ConfigSettings,
  configSettings,
  defaults,
  type Definitions,
  definitionsOf,
  flagOf,
  idleKeys,
  type LearningSettings,
  type Naming,
  type Registry,
  resolveConfig,
  type SettingsOf,
  type Union,
} from "../config/config.ts";
export {
  configAt,
  type From,
  type Switch,
  type TrainingPlan,
} from "../config/switches.ts";
export type { RandomGenerator } from "../numeric/random.ts";
export type { DeviceSettings, RunSettings } from "../settings/run.ts";
export {
  type Experiment,
  lossOf,
  makeExperiment,
  makeModel,
  optimizerOf,
  stepKey,
} from "../experiment/experiment.ts";
export { dataKey, datasetOf, splitOf } from "../experiment/split.ts";

// Metrics.

export { basicNames } from "../metrics/basic.ts";
export { effectiveRankOf } from "../metrics/effective_rank.ts";
export {
  type Columns,
  defineMetrics,
  type GraphMetrics,
  type HostMetrics,
  type Measurable,
  type Measured,
  type Meter,
  type MetricGroup,
  type Named,
  type OfRows,
  type Rows,
} from "../metrics/group.ts";
export { homogeneousDegree } from "../metrics/margin.ts";
export {
  type ClassMetricName,
  type GraphMeasure,
  makeMeasure,
  type Metered,
  type MetricChoice,
  metricChoices,
  type MetricGroupName,
  metricGroups,
  metricGroupsOf,
  type MetricName,
  type Metrics,
  metricSets,
  openMeter,
} from "../metrics/mod.ts";

// The step, and the engines that run it.

export type {
  Advance,
  Engine,
  Evaluation,
  Snapshot,
} from "../engine/engine.ts";
export type { Epoch } from "../engine/mini_batches.ts";
export { type Objective, openObjective } from "../engine/objective.ts";
export { onnxEngine } from "../engine/onnx/onnx_engine.ts";
export type { State } from "../engine/state.ts";
export { makeStep, type Step } from "../engine/step.ts";
export { tfjsEngine } from "../engine/tfjs/tfjs_engine.ts";
export type { StepResult } from "../engine/update.ts";
export {
  type Batch,
  type Batches,
  hostBatch,
  hostBatches,
} from "../../models/batch.ts";
export type { HostState, Initialised } from "../../models/buffers.ts";
export type { Sized } from "../../models/size.ts";
export type { Vector } from "../numeric/lanczos.ts";

// Devices.

export {
  chooseDevice,
  describeChoice,
  type Device,
  type DeviceChoice,
  DeviceError,
  type DeviceRequest,
  devices,
} from "../devices/choice.ts";
export { BackendError } from "../devices/tfjs/backend.ts";
export {
  type BackendName,
  backendNames,
  type DeviceRow,
  type Finding,
} from "../settings/devices.ts";

// Training.

export { type Spread, spreadOf } from "../numeric/statistics.ts";
export { THRESHOLD, type TrainResult } from "../runs/result.ts";
export { type Band, bandOf, type Passed } from "./band/band.ts";
export {
  replicaConfigs,
  type ReplicaOptions,
  trainBand,
  trainReplicas,
} from "./band/replicas.ts";
export { startFrom, type StartOptions } from "./from_checkpoint.ts";
export { DivergedError } from "./diverged.ts";
export type {
  ExtendedInput,
  ExtendedOptions,
  Progress,
  TrainOptions,
} from "./options.ts";
export {
  type EventLog,
  type EventLogOptions,
  tensorboardLog,
} from "./tensorboard.ts";
export { train } from "./train.ts";
export { newestInterrupted, type ToResume, toResume } from "./unfinished.ts";

// Extensions.

export {
  type AnyExtensionProbe,
  defineExtension,
  type Extension,
  type ExtensionParts,
  type Maker,
} from "../extensions/extension.ts";
export { loadExtension } from "../extensions/load.ts";
export { allowChanged, useExtension } from "../extensions/use.ts";
