/**
 * The weights of a file that groklab wrote.
 *
 * @module
 */

import type { GraphProto } from "../file/protobuf.ts";

// float32, float16, float64 in onnx.proto
const FLOATS = [1, 10, 11];

/**
 * The names of the floating-point initializers but buffers.
 *
 * @param graph The file's graph.
 * @param buffers Names of what the file says to be buffers.
 */
export function ownWeights(
  { node, initializer }: GraphProto,
  buffers: readonly string[],
): string[] {
  // The inputs of the operator behind x, scale and bias: mean and variance.
  const statistics = node
    .filter(({ opType }) => opType === "BatchNormalization")
    .flatMap(({ input }) => input.slice(3));
  return initializer
    .filter(({ dataType, dims, name }) =>
      FLOATS.includes(dataType) && dims.length > 0 &&
      !buffers.includes(name) && !statistics.includes(name)
    )
    .map(({ name }) => name);
}
