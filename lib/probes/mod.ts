/**
 * Probes: questions to a checkpoint file or a run, answered through ONNX Runtime.
 *
 * @module
 */

export * from "./context.ts";
export * from "./probe.ts";
export * from "./probing.ts";
export * from "./registry.ts";
export * from "./run_context.ts";
export * from "./task.ts";
