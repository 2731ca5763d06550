/**
 * Tracing functions of TensorFlow.js tensors into ONNX graphs.
 *
 * @module
 */

export { isTracing, nameTensor, trace, type TraceOptions } from "./backend.ts";
export { foldConstants } from "../onnx/runtime/fold.ts";
export * from "./graph.ts";
export * from "./precision.ts";
export * from "./random.ts";
export type { Attrs } from "./operators/kernels.ts";
export { type Rule, rules } from "./operators/rules.ts";
export * from "../onnx/runtime/compile.ts";
export { jvp, TANGENT } from "./transforms/jvp.ts";
export { expandSegmentSums } from "./operators/segments.ts";
export * from "./transforms/any_batch.ts";
export * from "../numeric/threefry.ts";
export { type Argument, vmap } from "./transforms/vmap.ts";
