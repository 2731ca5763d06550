/**
 * Matrix products.
 *
 * @module
 */

import { append } from "../../base/extremes.ts";
import { type Graph, GraphBuilder, isFloat, type Value } from "../graph.ts";
import { rewrite } from "../rewrite.ts";
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

/**
 * Products xᵀ·y of long columns and few columns in y, for a processor: as (yᵀ·x)ᵀ,
 * where y is transposed once, which is the smaller one, and the result. ONNX
 * Runtime's kernel would transpose x by twelve columns at a time.
 */
export function smallerTransposes(graph: Graph): Graph {
  const g = new GraphBuilder();
  return {
    inputs: graph.inputs,
    outputs: rewrite(graph, new Map(), ({ op, attributes }, [x, y, bias]) => {
      const { transA, transB } = attributes;
      if (op !== "Gemm" || !transA || transB || bias) return undefined;
      const [inner, m, n] = [x!.shape[0]!, x!.shape[1]!, y!.shape[1]!];
      if (n >= m || inner < 2 * m) return undefined;
      const product = matMul(g, transpose(g, y!, [1, 0]), x!, false, false);
      return [transpose(g, product, [1, 0])];
    }),
  };
}
