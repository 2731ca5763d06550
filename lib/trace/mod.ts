/**
 * Tracing functions of TensorFlow.js tensors into ONNX graphs.
 *
 * @module
 */

export { isTracing, nameTensor, trace, type TraceOptions } from "./backend.ts";
export * from "./graph.ts";
export { type DType, type FloatDType } from "../numeric/tensor.ts";
export * from "./precision.ts";
export * from "./random.ts";
export type { Attrs } from "./operators/kernels.ts";
export { type Rule, rules } from "./operators/rules.ts";
export { jvp, TANGENT } from "./transforms/jvp.ts";
export { expandSegmentSums } from "./operators/segments.ts";
export * from "./transforms/any_batch.ts";
export * from "../numeric/threefry.ts";
export { type Argument, vmap } from "./transforms/vmap.ts";
