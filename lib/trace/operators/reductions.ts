/**
 * Sums, extremes and what else runs along axes.
 *
 * @module
 */

import { util } from "../../base/tfjs.ts";
import { sizeOf } from "../../numeric/tensor.ts";
import { choose } from "./functions.ts";
import { type GraphBuilder, isFloat, type Node, type Value } from "../graph.ts";
import { binary, cast, expand, like, slice } from "./lowering.ts";

/** What a reduction is of no elements; an extreme is nothing. */
const OF_NONE: Readonly<Record<string, number>> = {
  ReduceSum: 0,
  ReduceSumSquare: 0,
  ReduceProd: 1,
  ReduceMean: NaN,
};

/**
 * A reduction over some axes.
 *
 * @param axis The axes as TensorFlow.js has them: one, several, negative ones,
 * or undefined for all.
 * @param ofNone The result where there is nothing to reduce.
 * @throws {RangeError} if there is no such result.
 */
export function reduce(
  g: GraphBuilder,
  op: string,
  x: Value,
  axis: number | number[] | undefined,
  keepDims = false,
  ofNone: number | undefined = OF_NONE[op],
): Value {
  const axes = util.parseAxisParam(axis ?? x.shape.map((_, i) => i), [
    ...x.shape,
  ]);
  if (axes.length === 0) return x;
  const shape = x.shape.flatMap((d, i) =>
    axes.includes(i) ? (keepDims ? [1] : []) : [d]
  );
  if (sizeOf(x.shape) === 0 && sizeOf(shape) > 0) {
    if (ofNone === undefined) throw nothingToChoose(g, op, x, axes);
    return expand(g, like(g, x, ofNone), shape);
  }
  // ONNX Runtime sums squares along single axes more slowly than it makes them.
  if (op === "ReduceSum" && axes.length === x.shape.length && isSquare(x)) {
    [op, x] = ["ReduceSumSquare", x.node.inputs[0]!];
  }
  return g.emit(op, [x, g.ints(axes)], { keepdims: keepDims ? 1 : 0 }, {
    dtype: x.dtype,
    shape,
  });
}

// A square that is nothing but one: not one that is looked at under a name.
const isSquare = (x: Value): x is Value & { readonly node: Node } =>
  x.node?.op === "Mul" && x.node.inputs[0] === x.node.inputs[1] &&
  x.name === undefined;

const nothingToChoose = (
  g: GraphBuilder,
  op: string,
  { dtype, shape }: Value,
  axes: readonly number[],
) =>
  new RangeError(
    `Cannot trace ${g.doing ?? op} of ${dtype} [${shape}] along ${axes}: ` +
      "of no elements none can be chosen",
  );

/** The truth values' reduction: of ints, since ONNX has none of bool (opset 18). */
export function reduceBool(
  g: GraphBuilder,
  op: "ReduceMin" | "ReduceMax",
  x: Value,
  axis: number | number[] | undefined,
  keepDims: boolean,
): Value {
  const ofNone = op === "ReduceMin" ? 1 : 0;
  const flags = cast(g, x, "int32");
  return cast(g, reduce(g, op, flags, axis, keepDims, ofNone), "bool");
}

const isNaNs = (g: GraphBuilder, x: Value) =>
  g.emit("IsNaN", [x], {}, { dtype: "bool", shape: x.shape });

/**
 * The largest or smallest elements; NaN where one of them is NaN, which ONNX
 * Runtime's operators pass over unless it comes first.
 *
 * @param options Whether NaN may be passed over (`greatest`, `least`).
 */
export function extreme(
  g: GraphBuilder,
  op: "ReduceMax" | "ReduceMin",
  x: Value,
  axis: number | number[] | undefined,
  { keepDims = false, passNaN = false }: {
    readonly keepDims?: boolean;
    readonly passNaN?: boolean;
  },
): Value {
  const found = reduce(g, op, x, axis, keepDims);
  if (passNaN || found === x || !isFloat(x)) return found;
  const unknown = reduceBool(g, "ReduceMax", isNaNs(g, x), axis, keepDims);
  return choose(g, unknown, like(g, found, NaN), found);
}

/**
 * Where along an axis the extreme lies; of equal ones the first. Where there is a
 * NaN it is the first of these.
 *
 * @param passNaN Whether NaN may be passed over.
 */
export function argOf(
  g: GraphBuilder,
  op: "ArgMax" | "ArgMin",
  x: Value,
  axis: number | number[] | undefined,
  passNaN = false,
): Value {
  const [at] = util.parseAxisParam(axis ?? 0, [...x.shape]) as [number];
  const shape = x.shape.filter((_, i) => i !== at);
  if (x.shape[at] === 0 && sizeOf(shape) > 0) {
    throw nothingToChoose(g, op, x, [at]);
  }
  const place = (op: string, x: Value) =>
    g.emit(op, [x], { axis: at, keepdims: 0 }, { dtype: "int64", shape });
  if (passNaN || !isFloat(x)) return place(op, x);
  const unknown = isNaNs(g, x);
  // In float32: ONNX Runtime has no ArgMax of integers on a card.
  const first = place("ArgMax", cast(g, unknown, "float32"));
  const any = reduceBool(g, "ReduceMax", unknown, at, false);
  return choose(g, any, first, place(op, x));
}

// The k largest along the last axis; of equal ones the first come first.
const largest = (g: GraphBuilder, x: Value, k: number) => {
  const shape = x.shape.with(-1, k);
  return g.emitMany("TopK", [x, g.ints([k])], { axis: -1, sorted: 1 }, [
    { dtype: x.dtype, shape },
    { dtype: "int64", shape },
  ]) as [Value, Value];
};

/**
 * The k largest along the last axis, in order, and where they are. NaN is larger
 * than any number, as in PyTorch: ONNX Runtime would leave it where its search
 * happens to pass. So all are put in order, and then those that are NaN before the
 * others, which keep theirs.
 *
 * @param passNaN Whether there is none, so that one search will do.
 */
export function topK(
  g: GraphBuilder,
  x: Value,
  k: number,
  passNaN = false,
): Value[] {
  if (passNaN || !isFloat(x)) return [...largest(g, x, k)];
  const axis = x.shape.length - 1;
  const at = (y: Value, places: Value) =>
    g.emit("GatherElements", [y, places], { axis }, {
      dtype: y.dtype,
      shape: places.shape,
    });
  const unknown = isNaNs(g, x);
  const known = choose(g, unknown, like(g, x, 0), x);
  const [, order] = largest(g, known, x.shape.at(-1)!);
  const [, first] = largest(g, at(cast(g, unknown, "int32"), order), k);
  const places = at(order, first);
  return [at(x, places), places];
}

/** How a sum or a product runs along an axis. */
export interface Running {
  readonly axis: number;
  /** Without the element itself. */
  readonly exclusive: boolean;
  /** From the end. */
  readonly reverse: boolean;
}

/** Running sums. */
export function cumSum(
  g: GraphBuilder,
  x: Value,
  { axis, exclusive, reverse }: Running,
): Value {
  const [at] = util.parseAxisParam(axis, [...x.shape]) as [number];
  return g.emit(
    "CumSum",
    [x, g.constant("int64", [], BigInt64Array.of(BigInt(at)))],
    { exclusive: +exclusive, reverse: +reverse },
    x,
  );
}

/**
 * Running products, which ONNX has not (opset 18): of what is 1, 2, 4, … elements
 * before, each time.
 *
 * Source: Hillis & Steele, Communications of the ACM 29 (1986).
 */
export function cumProd(
  g: GraphBuilder,
  x: Value,
  { axis, exclusive, reverse }: Running,
): Value {
  const [at] = util.parseAxisParam(axis, [...x.shape]) as [number];
  const length = x.shape[at]!;
  const shifted = (y: Value, by: number) => {
    const from = x.shape.map((_, i) => i === at && reverse ? by : 0);
    const kept = slice(g, y, from, x.shape.with(at, length - by));
    const pads = [...from.map(() => 0), ...from.map(() => 0)];
    pads[reverse ? x.shape.length + at : at] = by;
    return g.emit("Pad", [kept, g.ints(pads), like(g, y, 1)], {}, {
      dtype: y.dtype,
      shape: y.shape,
    });
  };
  if (length === 0) return x;
  let product = exclusive ? shifted(x, 1) : x;
  for (let by = 1; by < length; by *= 2) {
    product = binary(g, "Mul", product, shifted(product, by));
  }
  return product;
}
