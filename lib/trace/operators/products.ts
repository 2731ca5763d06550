/**
 * Matrix products.
 *
 * @module
 */

import { append } from "../../base/extremes.ts";
import { type GraphBuilder, isFloat, type Value } from "../graph.ts";
import {
  binary,
  broadcastShape,
  expand,
  like,
  reshape,
  transpose,
  unify,
} from "./lowering.ts";
import { reduce } from "./reductions.ts";

// Elements of a matrix that is small beside the start of a product.
const SMALL = 4096;

// Columns of a product that ONNX Runtime's kernel makes of one transposition.
const COLUMNS = 128;

/**
 * The matrix product over the last two axes. ONNX's Gemm transposes, adds a bias
 * and, in ONNX Runtime, takes a ReLU in, but has only two axes and no integers
 * there; MatMul serves the rest.
 */
export function matMul(
  g: GraphBuilder,
  a: Value,
  b: Value,
  transposeA: boolean,
  transposeB: boolean,
): Value {
  [a, b] = unify(g, [a, b]) as [Value, Value];
  const [m, n] = [
    a.shape.at(transposeA ? -1 : -2)!,
    b.shape.at(transposeB ? -2 : -1)!,
  ];
  const batch = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const result = { dtype: a.dtype, shape: [...batch, m, n] };
  const inner = a.shape.at(transposeA ? -2 : -1)!;
  if (inner === 0) return expand(g, like(g, a, 0), result.shape);
  if (batch.length > 0) {
    // Of many small products the start takes longer than the product: outer
    // products, and those of a row with few rows, are made element by element.
    const as = (x: Value, rows: number, columns: number) =>
      reshape(g, x, [...x.shape.slice(0, -2), rows, columns]);
    if (inner === 1) return binary(g, "Mul", as(a, m, 1), as(b, 1, n));
    if (m === 1 && transposeB && n * inner <= SMALL) {
      const products = binary(g, "Mul", as(a, 1, inner), b);
      const sums = reduce(g, "ReduceSum", products, -1);
      return reshape(g, sums, result.shape);
    }
  }
  if (a.shape.length === 2 && b.shape.length === 2 && isFloat(a)) {
    // The kernel for processors transposes a anew for every so many columns. On
    // other devices ONNX Runtime takes the Transpose into the product again.
    if (transposeA && n > COLUMNS) {
      return matMul(g, transpose(g, a, [1, 0]), b, false, transposeB);
    }
    const attributes = { transA: +transposeA, transB: +transposeB };
    return g.emit("Gemm", [a, b], attributes, result);
  }
  const flip = (x: Value, wanted: boolean) => {
    const perm = x.shape.map((_, i) => i);
    if (wanted) append(perm, perm.splice(-2).reverse());
    return transpose(g, x, perm);
  };
  return g.emit(
    "MatMul",
    [flip(a, transposeA), flip(b, transposeB)],
    {},
    result,
  );
}
