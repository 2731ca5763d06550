/**
 * ONNX files: writing, reading, editing, running.
 *
 * @module
 */

export * from "./inspect/aliases.ts";
export {
  type CheckpointMetadata,
  encodeTensors,
  METADATA,
  metadataOf,
  VALUE,
} from "./file/metadata.ts";
export * from "./inspect/edits.ts";
export {
  changeWeight,
  replaceWeight,
  scaleWeight,
  zeroWeight,
} from "./inspect/weight_edits.ts";
export * from "./file/model.ts";
export type { ProbeModelOptions } from "./inspect/options.ts";
export * from "./inspect/load_probe_model.ts";
export * from "./inspect/probe_model.ts";
export type {
  ConstantTensor,
  ForeignWeights,
  WeightsRead,
} from "./reading/mod.ts";
export * from "./file/read_tensors.ts";
export * from "./runtime/compile.ts";
export { foldConstants } from "./runtime/fold.ts";
export * from "./runtime/session.ts";
export { type ValueSpec } from "./runtime/feeds.ts";
export { type SessionOptions } from "./runtime/options.ts";
export { type OnnxDevice, type Runtime } from "../settings/devices.ts";
export * from "../numeric/tensor.ts";
