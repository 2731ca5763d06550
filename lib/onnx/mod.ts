/**
 * ONNX files: writing, reading, editing, running.
 *
 * @module
 */

export * from "./aliases.ts";
export * from "./checkpoint.ts";
export * from "./edits.ts";
export {
  changeWeight,
  replaceWeight,
  scaleWeight,
  zeroWeight,
} from "./weight_edits.ts";
export * from "./model.ts";
export type { ProbeModelOptions } from "./graph_runs.ts";
export * from "./load_probe_model.ts";
export * from "./probe_model.ts";
export type {
  ConstantTensor,
  ForeignWeights,
  WeightsRead,
} from "./reading/mod.ts";
export * from "./read_tensors.ts";
export * from "./session.ts";
export * from "./tensor.ts";
