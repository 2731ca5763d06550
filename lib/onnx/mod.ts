/**
 * Entry point `@groklab/groklab/onnx`: ONNX files, written, read, edited and run.
 *
 * @module
 */

export {
  type DType,
  type FloatDType,
  type HostData,
  type HostTensor,
  hostTensorOf,
  sizeOf,
  toNumbers,
  widthOf,
} from "../numeric/tensor.ts";
export {
  type CheckpointMetadata,
  encodeTensors,
  METADATA,
  metadataOf,
} from "./file/metadata.ts";
export {
  decodeModel,
  encodeModel,
  hostTensor,
  modelOf,
  type ModelOptions,
  OPSET,
} from "./file/model.ts";
export {
  decodeTensors,
  type FileTensors,
  readTensors,
  type WholeTensors,
} from "./file/read_tensors.ts";
export type { Aliases, WeightAlias } from "./inspect/aliases.ts";
export { along, type Edit, given, type Patch, patch } from "./inspect/edits.ts";
export { loadProbeModel } from "./inspect/load_probe_model.ts";
export type { ProbeModelOptions } from "./inspect/options.ts";
export { ProbeModel } from "./inspect/probe_model.ts";
export {
  changeWeight,
  replaceWeight,
  scaleWeight,
  zeroWeight,
} from "./inspect/weight_edits.ts";
export type {
  ConstantTensor,
  ForeignWeights,
  WeightsRead,
} from "./reading/mod.ts";
export {
  compile,
  runTraced,
  specsOf,
  type TracedFunction,
} from "./runtime/compile.ts";
export type { ValueSpec } from "./runtime/feeds.ts";
export { foldConstants } from "./runtime/fold.ts";
export type { SessionOptions } from "./runtime/options.ts";
export {
  bundledProviders,
  openSession,
  type Provider,
  providerOf,
  type Session,
} from "./runtime/session.ts";
export type { OnnxDevice, Runtime } from "../settings/devices.ts";
