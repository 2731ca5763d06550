/**
 * Training: experiments, the step, engines, the loop.
 *
 * @module
 */

export * from "./band.ts";
export * from "./batch.ts";
export * from "./engine.ts";
export * from "./experiment.ts";
export type { Epoch } from "./mini_batches.ts";
export * from "./mode.ts";
export * from "./objective.ts";
export { onnxEngine } from "./onnx_engine.ts";
export * from "./replicas.ts";
export { startFrom, type StartOptions } from "./start.ts";
export * from "./step.ts";
export { tfjsEngine } from "./tfjs_engine.ts";
export { BackendError, type BackendName } from "./tfjs_backends.ts";
export * from "./to_resume.ts";
export * from "./train.ts";
