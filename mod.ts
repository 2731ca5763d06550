/**
 * groklab: why neural networks generalise long after they have memorised, and
 * why they so often fail to.
 *
 * Models, losses and optimizers are plain functions of TensorFlow.js tensors.
 * They run eagerly, or are traced once into ONNX graphs: the forward pass is
 * the checkpoint, the training step is a loop that ONNX Runtime runs.
 *
 * ```ts
 * import { probe, train } from "@groklab/groklab";
 * import { assert } from "@std/assert";
 *
 * const run = await Deno.makeTempDir();
 * const { final, checkpoint } = await train(
 *   { modulus: 7, hidden: [16], steps: 20 },
 *   { run },
 * );
 * const { probes } = await probe(checkpoint, ["fourier"]);
 * assert(final.train_accuracy! > 0);
 * assert(probes.fourier!.key_frequencies!.length > 0);
 * ```
 *
 * @module
 */

// Training.

export { train } from "./lib/train/train.ts";
export {
  type ReplicaOptions,
  trainReplicas,
} from "./lib/train/band/replicas.ts";
export { type Band, bandOf } from "./lib/train/band/band.ts";
export { DivergedError } from "./lib/train/diverged.ts";
export type { Progress, TrainOptions } from "./lib/train/options.ts";
export { startFrom, type StartOptions } from "./lib/train/from_checkpoint.ts";
export { toResume } from "./lib/train/unfinished.ts";
export type { TrainResult } from "./lib/runs/result.ts";

// Configs.

export {
  type Config,
  ConfigError,
  type ConfigInput,
  defaults,
  resolveConfig,
} from "./lib/config/config.ts";
export type { From, Switch } from "./lib/config/switches.ts";
export {
  type Experiment,
  makeExperiment,
} from "./lib/experiment/experiment.ts";

// The registries, by the names in a config.

export { tasks } from "./lib/data/registry.ts";
export { losses } from "./lib/losses/mod.ts";
export { models } from "./models/mod.ts";
export { optimizers, stages } from "./lib/optim/mod.ts";
export { metricGroups } from "./lib/metrics/mod.ts";
export { probes } from "./lib/probes/catalogue.ts";
export { figures } from "./lib/figures/mod.ts";

// Parts of your own.

export { defineExtension, type Extension } from "./lib/extensions/extension.ts";
export { loadExtension } from "./lib/extensions/load.ts";
export { useExtension } from "./lib/extensions/use.ts";

export { defineTask, type TaskDefinition } from "./lib/data/definition.ts";
export {
  defineLoss,
  type Loss,
  type LossDefinition,
  oneHot,
  pick,
  put,
} from "./lib/losses/loss.ts";
export { defineModel, type ModelDefinition } from "./models/definition.ts";
export type { Hook, Model } from "./models/model.ts";
export {
  defineOptimizer,
  defineStage,
  type OptimizerDefinition,
  type StageDefinition,
} from "./lib/optim/definition.ts";
export { chain, type GradientTransformation } from "./lib/optim/transform.ts";
export {
  defineMetrics,
  type GraphMetrics,
  type HostMetrics,
} from "./lib/metrics/group.ts";
export {
  defineProbe,
  defineRunProbe,
  type Probe,
  type RunProbe,
} from "./lib/probes/probe.ts";

// Their settings: keys of a config, flags of a command.

export {
  choice,
  choices,
  type Component,
  decay,
  fraction,
  integer,
  integers,
  notNegative,
  nullable,
  positive,
  type Setting,
  type Settings,
  text,
  type Values,
  yesNo,
} from "./lib/settings/setting.ts";

// What they are made of.

export type { Dataset, Examples, Split } from "./lib/data/dataset.ts";
export {
  type RandomKey,
  randomKey,
  type RandomStream,
} from "./lib/numeric/random.ts";
export { perpGrad } from "./lib/optim/stages/perp_grad.ts";
export { mlp } from "./models/mlp.ts";
export { transformer } from "./models/transformer.ts";
export { castLike, scalar, toPrecision } from "./lib/trace/precision.ts";
export { trace } from "./lib/trace/backend.ts";

// Checkpoints and probes.

export { probe } from "./lib/probes/asking/probe_checkpoint.ts";
export { probeRun, type RunReport } from "./lib/probes/asking/probe_run.ts";
export type { ProbeReport } from "./lib/probes/asking/messages.ts";
export type { ProbeOptions } from "./lib/probes/asking/options.ts";
export type { ProbeName } from "./lib/probes/catalogue.ts";
export { ProbeContext } from "./lib/probes/context/context.ts";
export { RunContext } from "./lib/probes/run_context.ts";
export { NotApplicableError } from "./lib/probes/context/not_applicable.ts";
export { loadProbeModel } from "./lib/onnx/inspect/load_probe_model.ts";
export { ProbeModel } from "./lib/onnx/inspect/probe_model.ts";
export { openSession, type Session } from "./lib/onnx/runtime/session.ts";
export type { SessionOptions } from "./lib/onnx/runtime/options.ts";
export {
  type DType,
  type FloatDType,
  type HostTensor,
  hostTensorOf,
} from "./lib/numeric/tensor.ts";

// Runs.

export {
  exportCheckpoint,
  exportCheckpoints,
} from "./lib/runs/exports/checkpoint.ts";
export { exportMetrics } from "./lib/runs/exports/metrics.ts";
export {
  checkpointsOf,
  findCheckpoint,
  MissingError,
  newestRun,
  readConfig,
  readMetrics,
  runsIn,
} from "./lib/runs/read.ts";
export type { MetricsRow } from "./lib/runs/run_folder.ts";

// Reports and figures.

export { makeReport } from "./lib/report/report.ts";
export { writeReport } from "./lib/report/write.ts";
export { serveReport } from "./lib/report/serve.ts";
export { shown } from "./lib/report/notebook.ts";
export { reproduce } from "./lib/reproduce/reproduce.ts";
export { listFigures } from "./lib/reproduce/list.ts";

// Devices and errors.

export { chooseDevice, DeviceError, devices } from "./lib/devices/choice.ts";
export { BackendError } from "./lib/devices/tfjs/backend.ts";
export { UsageError } from "./lib/base/errors.ts";
export { FileError } from "./lib/base/files.ts";
export { DamagedError } from "./lib/base/sums.ts";
