/**
 * Sums as products with ones: a product is one operation, adds in one order, and
 * needs no memory to be cleared before.
 *
 * @module
 */

import { type DType, sizeOf, toTyped } from "../../numeric/tensor.ts";
import { type Graph, GraphBuilder, type Node, type Value } from "../graph.ts";
import { numbersOf } from "../operators/constants.ts";
import { binary, reshape } from "../operators/lowering.ts";
import { matMul } from "../operators/products.ts";
import { rewrite } from "../rewrite.ts";

// What is added up in one go: longer sums are sums of sums, which more of a card
// takes part in.
const LONG = 1024;

/**
 * Writes sums and means of floats as products.
 *
 * @param graph The graph of a step.
 */
export function sumsAsProducts(graph: Graph): Graph {
  const g = new GraphBuilder();
  // The sums over all elements that were written: of what, times what.
  const totals = new Map<Value, Total>();
  const total = (sum: Total) => {
    const value = product(g, sum);
    totals.set(value, sum);
    return value;
  };
  return {
    inputs: graph.inputs,
    outputs: rewrite(graph, new Map(), (node, operands) => {
      const { op } = node;
      const [x, y] = operands as [Value, Value?];
      const sum = totals.get(x);
      if (
        op === "Div" && sum && y?.data?.length === 1 && y.shape.length === 0
      ) {
        return [total({ ...sum, times: sum.times / Number(y.data[0]) })];
      }
      const own = sumOf(node, operands);
      return own && [total(own)];
    }),
  };
}

// A sum along some axes that lie side by side, times a number: x [before, length,
// behind] → shape.
interface Total {
  readonly x: Value;
  /** What x is multiplied with before, if anything. */
  readonly y?: Value;
  readonly before: number;
  readonly length: number;
  readonly behind: number;
  readonly shape: readonly number[];
  readonly times: number;
}

const SUMS = ["ReduceSum", "ReduceSumSquare", "ReduceMean"];
const TYPES: readonly DType[] = ["float32", "float64"];

function sumOf(
  { op, outputs }: Node,
  operands: readonly Value[],
): Total | undefined {
  const [x, axes] = operands as [Value, Value?];
  if (!SUMS.includes(op) || !axes?.data || !TYPES.includes(x.dtype)) {
    return undefined;
  }
  const rank = x.shape.length;
  const over = numbersOf(axes).map((axis) => (axis + rank) % rank)
    .filter((axis) => x.shape[axis] !== 1)
    .sort((a, b) => a - b);
  const long = x.shape.flatMap((d, axis) => d === 1 ? [] : [axis]);
  const places = over.map((axis) => long.indexOf(axis));
  if (over.length === 0 || places.at(-1)! - places[0]! >= places.length) {
    return undefined;
  }
  const length = sizeOf(over.map((axis) => x.shape[axis]!));
  const shape = outputs[0]!.shape;
  const sum = {
    before: sizeOf(x.shape.slice(0, over[0])),
    length,
    behind: sizeOf(x.shape.slice(over.at(-1)! + 1)),
    shape,
    times: op === "ReduceMean" ? 1 / length : 1,
  };
  if (op === "ReduceSumSquare") return { ...sum, x, y: x };
  if (x.name !== undefined) return { ...sum, x };
  const [first, second] = x.node?.inputs ?? [];
  const { op: made } = x.node ?? {};
  return made === "Neg"
    ? { ...sum, x: first!, times: -sum.times }
    : made === "Mul" && isPlain(x, first!) && isPlain(x, second!)
    ? { ...sum, x: first!, y: second! }
    : { ...sum, x };
}

const isPlain = ({ shape }: Value, factor: Value) =>
  factor.shape.join() === shape.join();

// Products of rows with rows: of shorter or more ones the elements are multiplied
// before.
const SHORTEST = 64;
const MOST = 4096;

function product(g: GraphBuilder, sum: Total): Value {
  const { x, y, before, length, behind, shape, times } = sum;
  const part = length <= LONG ? length : partOf(length);
  const parts = length / part;
  const rows = before * parts;
  if (y && behind === 1 && times === 1 && part >= SHORTEST && rows <= MOST) {
    const [a, b] = rows === 1 ? [[1, part], [part, 1]] : [
      [rows, 1, part],
      [rows, part, 1],
    ];
    const products = matMul(
      g,
      reshape(g, x, a),
      reshape(g, y, b),
      false,
      false,
    );
    return sumOfParts(g, reshape(g, products, [before, parts]), shape);
  }
  const terms = y ? binary(g, "Mul", x, y) : x;
  if (behind > 1) {
    // One row of ones for all products would have ONNX Runtime list where each
    // begins, and copy the list to the card in every step.
    const [ones, table] = before === 1
      ? [[1, length], [length, behind]]
      : [[before, 1, length], [before, length, behind]];
    const row = weights(g, x, ones, times);
    const sums = matMul(g, row, reshape(g, terms, table), false, false);
    return reshape(g, sums, shape);
  }
  const column = weights(g, x, [part, 1], times);
  const lines = reshape(g, terms, [rows, part]);
  const sums = matMul(g, lines, column, false, false);
  return sumOfParts(g, reshape(g, sums, [before, parts]), shape);
}

// The sums along the rows of sums, [n, parts], where there are several.
function sumOfParts(
  g: GraphBuilder,
  sums: Value,
  shape: readonly number[],
): Value {
  const [, parts] = sums.shape as [number, number];
  if (parts === 1) return reshape(g, sums, shape);
  const all = matMul(g, sums, weights(g, sums, [parts, 1], 1), false, false);
  return reshape(g, all, shape);
}

const weights = (
  g: GraphBuilder,
  { dtype }: Value,
  shape: number[],
  value: number,
) => g.constant(dtype, shape, toTyped(dtype, Array(sizeOf(shape)).fill(value)));

// The divisor of a length that is next to its root; the length itself where there is
// none to speak of.
function partOf(length: number): number {
  for (let d = Math.floor(Math.sqrt(length)); d >= 16; d--) {
    if (length % d === 0) return length / d;
  }
  return length;
}
