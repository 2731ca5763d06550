/**
 * ONNX files: writing, reading, editing, running.
 *
 * @module
 */

export * from "./inspect/aliases.ts";
export * from "../runs/checkpoint.ts";
export * from "./inspect/edits.ts";
export {
  changeWeight,
  replaceWeight,
  scaleWeight,
  zeroWeight,
} from "./inspect/weight_edits.ts";
export * from "./file/model.ts";
export type { ProbeModelOptions } from "./inspect/graph_runs.ts";
export * from "./inspect/load_probe_model.ts";
export * from "./inspect/probe_model.ts";
export type {
  ConstantTensor,
  ForeignWeights,
  WeightsRead,
} from "./reading/mod.ts";
export * from "./file/read_tensors.ts";
export * from "./runtime/session.ts";
export * from "../numeric/tensor.ts";
