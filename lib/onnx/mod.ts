/**
 * ONNX files: writing, reading, editing, running.
 *
 * @module
 */

export * from "./checkpoint.ts";
export * from "./model.ts";
export * from "./probe_model.ts";
export * from "./read_tensors.ts";
export * from "./session.ts";
export * from "./tensor.ts";
