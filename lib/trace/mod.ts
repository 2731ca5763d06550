/**
 * Tracing functions of TensorFlow.js tensors into ONNX graphs.
 *
 * @module
 */

export { isTracing, nameTensor, trace, type TraceOptions } from "./backend.ts";
export { foldConstants } from "./fold.ts";
export * from "./graph.ts";
export * from "./precision.ts";
export * from "./random.ts";
export type { Attrs } from "./kernels.ts";
export { type Rule, rules } from "./rules.ts";
export * from "./run.ts";
export { jvp, TANGENT } from "./jvp.ts";
export { expandSegmentSums } from "./segments.ts";
export * from "./symbolic.ts";
export * from "./threefry.ts";
export { type Argument, vmap } from "./vmap.ts";
