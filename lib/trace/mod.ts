/**
 * Entry point `@groklab/groklab/trace`: functions of TensorFlow.js tensors as ONNX
 * graphs, and derivatives and stacks of such graphs.
 *
 * @module
 */

export { isTracing, nameTensor, trace, type TraceOptions } from "./backend.ts";
export type { Attribute, Graph, Node, Spec, Subgraph, Value } from "./graph.ts";
export type { DType, FloatDType } from "../numeric/tensor.ts";
export { castLike, scalar, toPrecision, widen } from "./precision.ts";
export { type Draw, keepMask, randomOrder, type RowRange } from "./random.ts";
export type { RandomGenerator } from "../numeric/random.ts";
export type { Words } from "../numeric/threefry.ts";
export {
  type BatchGraph,
  type Dim,
  traceForAnyBatch,
} from "./transforms/any_batch.ts";
export { jvp, TANGENT } from "./transforms/jvp.ts";
export { type Argument, vmap } from "./transforms/vmap.ts";
