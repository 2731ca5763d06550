/**
 * A training step, and the engines that run it.
 *
 * @module
 */

export * from "./engine.ts";
export type { Epoch } from "./mini_batches.ts";
export * from "./objective.ts";
export * from "./step.ts";
export { onnxEngine } from "./onnx/onnx_engine.ts";
export { sessionOf } from "./onnx/session_options.ts";
export { tfjsEngine } from "./tfjs/tfjs_engine.ts";
export type { HostState } from "../../models/buffers.ts";
export type { Vector } from "../numeric/lanczos.ts";
