/**
 * Running the same function eagerly and traced.
 *
 * @module
 */

import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import {
  type DType,
  type HostTensor,
  hostTensorOf,
  sizeOf,
  toTyped,
} from "../../lib/numeric/tensor.ts";
import { encodeModel, modelOf } from "../../lib/onnx/file/model.ts";
import { openSession } from "../../lib/onnx/runtime/session.ts";
import { trace } from "../../lib/trace/backend.ts";
import type { Spec } from "../../lib/trace/graph.ts";

/** A function whose results are compared. */
export type TensorFunction = (...x: tf.Tensor[]) => tf.Tensor | tf.Tensor[];

const maker =
  (dtype: DType) =>
  (shape: readonly number[], values: ArrayLike<number>): HostTensor =>
    hostTensorOf(dtype, shape, values);

export const f32 = maker("float32");
export const f64 = maker("float64");
export const i32 = maker("int32");
export const bool = maker("bool");

/** A vector of numbers. */
export const vector = (...values: number[]) => f32([values.length], values);

/** Numbers of both signs, none of them special, the same on every run. */
export function numbers(shape: readonly number[], seed = 1): HostTensor {
  const length = sizeOf(shape);
  // Rounded to what float32 holds: float64 must compute with the same ones.
  return f32(
    shape,
    Float32Array.from(
      { length },
      (_, i) => 1.5 * Math.sin(12.9898 * (i + 1) + 4.1 * seed),
    ),
  );
}

/** The tensor in another type, where it is of a floating one. */
export const withFloats = (tensor: HostTensor, dtype: DType): HostTensor =>
  tensor.dtype.startsWith("float")
    ? { ...tensor, dtype, data: toTyped(dtype, tensor.data as Float32Array) }
    : tensor;

const listOf = (x: tf.Tensor | tf.Tensor[]) => Array.isArray(x) ? x : [x];

/** Runs a function on TensorFlow.js's cpu backend. */
export function eagerly(
  fn: TensorFunction,
  inputs: readonly HostTensor[],
): HostTensor[] {
  let results: HostTensor[] = [];
  tf.tidy(() => {
    const tensors = inputs.map(({ data, shape, dtype }) =>
      tf.tensor(data as Float32Array, [...shape], dtype as "float32")
    );
    results = listOf(fn(...tensors)).map((result) => ({
      dtype: result.dtype as DType,
      shape: result.shape,
      data: result.dataSync() as Float32Array<ArrayBuffer>,
    }));
  });
  return results;
}

const named = <T>(letter: string, items: readonly T[]): Record<string, T> =>
  Object.fromEntries(items.map((item, i) => [`${letter}${i}`, item]));

/** Runs a traced function. */
export type Run = (inputs: readonly HostTensor[]) => Promise<HostTensor[]>;

/** Traces a function for inputs like the given ones and lends it. */
export async function withSession<T>(
  fn: TensorFunction,
  inputs: readonly HostTensor[],
  use: (run: Run) => Promise<T>,
): Promise<T> {
  const graph = trace(
    (tensors) => named("y", listOf(fn(...Object.values<tf.Tensor>(tensors)))),
    named<Spec>("x", inputs),
  );
  const session = await openSession(
    encodeModel(modelOf(graph, { name: "function" })),
    { threads: 1 },
  );
  try {
    return await use(async (inputs) => {
      const results = await session.run(named("x", inputs));
      return graph.outputs.map(([name]) => results[name]!);
    });
  } finally {
    await session.close();
  }
}

/** Runs a function in ONNX Runtime. */
export const traced = (
  fn: TensorFunction,
  inputs: readonly HostTensor[],
): Promise<HostTensor[]> => withSession(fn, inputs, (run) => run(inputs));
