/**
 * Tensors of one element: numbers that formulas are written with, and those that
 * were trained.
 *
 * @module
 */

import type { NodeProto, TensorProto } from "../file/protobuf.ts";
import { hostTensor } from "../file/model.ts";
import { sizeOf, toNumbers } from "../../numeric/tensor.ts";
import { isOp } from "./nodes.ts";

// What takes a number of a formula as well as a weight; what else reads a tensor of
// one element has it as its weight: the slope of a PRelu, the bias of one channel.
const ELEMENTWISE = new Set([
  ...["Add", "Sub", "Mul", "Div", "Sum", "Mean", "Max", "Min", "Where"],
  ...["Pow", "Neg", "Reciprocal", "Sqrt", "Expand", "Identity", "Cast"],
]);

/** Whether a node computes element by element. */
export const isElementwise = (node: NodeProto): boolean =>
  isOp(node, node.opType) && ELEMENTWISE.has(node.opType);

/** Whether a tensor has one element. */
export const isSingle = ({ dims }: TensorProto): boolean =>
  sizeOf(dims.map(Number)) === 1;

/**
 * Whether a tensor of one element is a number that formulas are written with.
 * Trained ones are none of these, but for one in some thousand.
 *
 * @param tensor One of floats.
 */
export function isOfFormula(tensor: TensorProto): boolean {
  return isWritten(toNumbers(hostTensor(tensor))[0]!);
}

// √(2/π) and its factor in GELU's approximation, that of its other one, 1/√(2π), ln 2.
const KNOWN = [
  Math.sqrt(2 / Math.PI),
  0.044715,
  1.702,
  1 / Math.sqrt(2 * Math.PI),
  Math.LN2,
  Math.PI,
];

/**
 * Whether a number is 0, ±∞, of a mask, a power of ten, k, √k or ∜k or 1 by these
 * for a whole k, or one of GELU's.
 *
 * @param x The number, as float64, float32 or float16 have it.
 */
export function isWritten(x: number): boolean {
  const size = Math.abs(x);
  if (x === 0 || !(size < 1e4)) return true;
  // Three float16 of hundred are near such a number by chance: only small k there.
  const short = Math.f16round(x) === x;
  const [near, most] = short ? [2 ** -10, 64] : [2.4e-7, 4096];
  const is = (y: number) => Math.abs(size - y) <= near * y;
  if (is(10 ** Math.round(Math.log10(size)))) return true;
  if (KNOWN.some(is)) return true;
  return [1, 2, 4].some((root) =>
    [1, -1].some((sign) => {
      const k = Math.round(size ** (sign * root));
      return k >= 1 && k <= most && is(k ** (sign / root));
    })
  );
}
