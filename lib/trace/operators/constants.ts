/**
 * What is worked out while tracing: parts of constants, arithmetic with indices.
 *
 * @module
 */

import { type HostData, sizeOf, toTyped } from "../../numeric/tensor.ts";
import type { Value } from "../graph.ts";

/** The elements of a constant between begin and begin + size. */
export function cut(
  x: Value,
  begin: readonly number[],
  size: readonly number[],
): HostData {
  const data = x.data!;
  // Runs of elements that lie one behind the other: of the axes behind the last
  // that is cut, and of that one.
  const last = size.findLastIndex((length, i) => length !== x.shape[i]);
  const inner = sizeOf(x.shape.slice(last + 1));
  const run = last < 0 ? inner : size[last]! * inner;
  const make = data.constructor as new (length: number) => HostData;
  const whole = new make(sizeOf(size)) as Float64Array<ArrayBuffer>;
  let at = 0;
  const visit = (axis: number, offset: number) => {
    if (axis >= last) {
      const from = (offset + (begin[last] ?? 0)) * inner;
      // Both have the constant's type.
      whole.set(data.subarray(from, from + run) as typeof whole, at);
      at += run;
      return;
    }
    for (let i = 0; i < size[axis]!; i++) {
      visit(axis + 1, (offset + begin[axis]! + i) * x.shape[axis + 1]!);
    }
  };
  visit(0, 0);
  return whole;
}

/** The numbers of a constant, of integers below 2⁵³ without loss. */
export const numbersOf = ({ data }: Value): number[] =>
  Array.from(data!, Number);

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
