/**
 * Training: experiments, the step, engines, the loop.
 *
 * @module
 */

export * from "./band/band.ts";
export * from "../../models/batch.ts";
export * from "../engine/engine.ts";
export * from "../experiment/experiment.ts";
export type { Epoch } from "../engine/mini_batches.ts";
export * from "../../models/training_mode.ts";
export * from "../engine/objective.ts";
export { onnxEngine } from "../engine/onnx/onnx_engine.ts";
export * from "./band/replicas.ts";
export { startFrom, type StartOptions } from "./from_checkpoint.ts";
export * from "../engine/step.ts";
export { tfjsEngine } from "../engine/tfjs/tfjs_engine.ts";
export { BackendError, type BackendName } from "../devices/tfjs/backends.ts";
export * from "./unfinished.ts";
export * from "./train.ts";
