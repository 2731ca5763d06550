/**
 * What is worked out while tracing: parts of constants, arithmetic with indices.
 *
 * @module
 */

import { type HostData, toTyped } from "../onnx/tensor.ts";
import type { Value } from "./graph.ts";

/** The elements of a constant between begin and begin + size. */
export function cut(
  x: Value,
  begin: readonly number[],
  size: readonly number[],
): HostData {
  const strides = x.shape.map((_, i) =>
    x.shape.slice(i + 1).reduce((product, d) => product * d, 1)
  );
  const offsets = size.reduce<number[]>(
    (offsets, length, i) =>
      offsets.flatMap((offset) =>
        Array.from(
          { length },
          (_, j) => offset + (begin[i]! + j) * strides[i]!,
        )
      ),
    [0],
  );
  return toTyped(
    x.weak ? "float64" : x.dtype,
    offsets.map((offset) => Number(x.data![offset])),
  );
}

/** Whether a value is known and of an integer type. */
export const isIndex = ({ data, dtype }: Value) =>
  data !== undefined && (dtype === "int32" || dtype === "int64");

/** The sum or the product of known indices, which broadcast to a shape. */
export function indices(
  op: "Add" | "Mul",
  a: Value,
  b: Value,
  shape: readonly number[],
): HostData {
  const [x, y] = [a, b].map((operand) => spread(operand, shape));
  const result = x!.map((i, at) => op === "Add" ? i + y![at]! : i * y![at]!);
  return toTyped(a.dtype, result);
}

// The elements of a constant, repeated to a shape that it broadcasts to.
function spread({ data, shape }: Value, to: readonly number[]): number[] {
  const from = to.map((_, i) => shape[shape.length - to.length + i] ?? 1);
  return to.reduceRight<{ at: number[]; stride: number }>(
    ({ at, stride }, length, axis) => ({
      at: Array.from({ length }, (_, i) => from[axis] === 1 ? 0 : i * stride)
        .flatMap((offset) => at.map((inner) => inner + offset)),
      stride: stride * from[axis]!,
    }),
    { at: [0], stride: 1 },
  ).at.map((i) => Number(data![i]));
}
