/**
 * The least that a step can take: its matrix products at the rate at which
 * ONNX Runtime multiplies here and now.
 *
 * @module
 */

import * as tf from "../lib/base/tfjs.ts";
import { hostTensorOf, sizeOf } from "../lib/numeric/tensor.ts";
import { compile } from "../lib/onnx/runtime/compile.ts";
import type { SessionOptions } from "../lib/onnx/runtime/options.ts";
import type { Graph, Value } from "../lib/trace/graph.ts";
import { nodesFor } from "../lib/trace/graph_walk.ts";

/** What a step has to do. */
export interface Work {
  /** Floating point operations of its matrix products, without evaluation. */
  readonly flops: number;
  /** Bytes that all its other operations read and write. */
  readonly bytes: number;
}

const BYTES = {
  float16: 2,
  float32: 4,
  float64: 8,
  int32: 4,
  int64: 8,
  uint32: 4,
  uint64: 8,
  bool: 1,
};

const bytesOf = ({ dtype, shape }: Value) => BYTES[dtype] * sizeOf(shape);

/** Counts the work of a traced step. */
export function workOf(step: Graph): Work {
  const updates = step.outputs
    .filter(([name]) => !name.startsWith("metrics."))
    .map(([, value]) => value);
  let [flops, bytes] = [0, 0];
  for (const { op, inputs, attributes, outputs } of nodesFor(updates)) {
    if (op === "Gemm" || op === "MatMul") {
      const inner = inputs[0]!.shape.at(attributes["transA"] ? -2 : -1)!;
      flops += 2 * inner * sizeOf(outputs[0]!.shape);
    } else if (op !== "Reshape") {
      for (const value of [...inputs, ...outputs]) bytes += bytesOf(value);
    }
  }
  return { flops, bytes };
}

// The largest products of the default experiment, so many in a row.
const [ROWS, WIDTH, CHAIN] = [5107, 200, 10];

/** Floating point operations in a millisecond of matrix products. */
export async function productRate(
  dtype: "float32" | "float64",
  options: SessionOptions,
): Promise<number> {
  const x = hostTensorOf(dtype, [ROWS, WIDTH], Array(ROWS * WIDTH).fill(0.5));
  const w = hostTensorOf(dtype, [WIDTH, WIDTH], Array(WIDTH ** 2).fill(0.005));
  const session = await compile(
    ({ x, w }) => {
      let y = x as tf.Tensor2D;
      for (let i = 0; i < CHAIN; i++) y = tf.matMul(y, w as tf.Tensor2D);
      return { y: tf.sum(y) };
    },
    { x, w },
    { spin: true, ...options },
  );
  let fastest = Infinity;
  for (let i = 0; i < 10; i++) {
    const started = performance.now();
    await session.run({ x, w });
    fastest = Math.min(fastest, performance.now() - started);
  }
  await session.close();
  return 2 * ROWS * WIDTH * WIDTH * CHAIN / fastest;
}
