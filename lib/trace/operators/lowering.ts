/**
 * Building blocks of the kernel → ONNX rules: each emits the operator with the
 * result's shape worked out, and nothing where it would change nothing.
 *
 * @module
 */

import { backend_util } from "../../base/tfjs.ts";
import type { DType } from "../../numeric/tensor.ts";
import {
  type Attribute,
  type GraphBuilder,
  isFloat,
  type Node,
  type Value,
} from "../graph.ts";
import { cut, indices, isIndex } from "./constants.ts";
import { mergedSum } from "./sums.ts";

const equalShape = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((d, i) => d === b[i]);

/** The shape that two operands broadcast to. */
export function broadcastShape(
  a: readonly number[],
  b: readonly number[],
): number[] {
  return backend_util.assertAndGetBroadcastShape([...a], [...b]);
}

/**
 * Converts the element type. A weak value is computed anew in the floating type
 * wanted: converted, the 1/3 of a mean's gradient would bring float32's digits
 * into a float64 graph.
 */
export function cast(
  g: GraphBuilder,
  x: Value,
  dtype: DType,
  weak = false,
): Value {
  if (x.dtype === dtype && (x.weak === weak || !x.weak)) return x;
  // Intermediate results might leave the range of float16: there, only constants
  // are made anew.
  if (x.weak && isFloat({ dtype }) && (x.data || dtype !== "float16")) {
    return computeIn(g, x, dtype, new Map());
  }
  // What was made from integers converts from these, not by way of float32.
  const source = x.weak && x.node?.op === "Cast" ? x.node.inputs[0]! : x;
  if (source.dtype === dtype) return source;
  const to = ONNX_TYPE[dtype];
  return g.emit("Cast", [source], { to }, { dtype, shape: x.shape, weak });
}

// The weak value x in a floating type; `done` holds those it shares nodes with.
function computeIn(
  g: GraphBuilder,
  x: Value,
  dtype: DType,
  done: Map<Value, Value>,
): Value {
  if (!x.weak) return x;
  if (x.data) return g.constant(dtype, x.shape, x.data);
  const { op, inputs, attributes, outputs } = x.node!;
  if (op === "Cast") return cast(g, inputs[0]!, dtype);
  if (!done.has(x)) {
    const results = g.emitMany(
      op,
      inputs.map((input) => computeIn(g, input, dtype, done)),
      attributes,
      outputs.map(({ shape }) => ({ dtype, shape })),
    );
    outputs.forEach((output, i) => done.set(output, results[i]!));
  }
  return done.get(x)!;
}

/** A number, weak: it takes the floating type of what it meets. */
export function scalar(g: GraphBuilder, value: number): Value {
  return g.constant("float32", [], Float64Array.of(value), true);
}

/** A number of x's type; where that is integer, without its fraction. */
export function like(g: GraphBuilder, x: Value, value: number): Value {
  return cast(g, scalar(g, value), x.dtype, x.weak);
}

/** The numbers of the element types in onnx.proto's TensorProto.DataType. */
export const ONNX_TYPE: Readonly<Record<DType, number>> = {
  float32: 1,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
};

/**
 * Brings operands to one element type: weak numbers take the floating type of
 * what they meet, int32 widens to int64.
 *
 * @throws {TypeError} if two floating types meet, or an integer and a number.
 */
export function unify(g: GraphBuilder, values: readonly Value[]): Value[] {
  const strong = new Set(
    values.filter((v) => !v.weak).map((v) => v.dtype),
  );
  if (strong.size === 2 && strong.has("int32") && strong.has("int64")) {
    strong.delete("int32");
  }
  // A weak number is of a floating type too, if of none in particular.
  if (
    values.some((v) => v.weak) &&
    ![...strong].every((dtype) => isFloat({ dtype }))
  ) {
    strong.add("float32");
  }
  if (strong.size > 1) {
    throw new TypeError(
      `Cannot combine ${[...strong].join(" and ")} in ` +
        `${g.doing ?? "one operation"}: ` +
        "convert one of them with toPrecision or cast",
    );
  }
  const [dtype] = strong;
  return dtype === undefined
    ? [...values]
    : values.map((v) => cast(g, v, dtype));
}

/** Gives a tensor another shape of the same size. */
export function reshape(
  g: GraphBuilder,
  x: Value,
  shape: readonly number[],
): Value {
  // An activation that has a name stays on the way to the result.
  const between = x.node?.op === "Reshape" && x.name === undefined;
  const source = between ? x.node.inputs[0]! : x;
  if (equalShape(source.shape, shape)) return source;
  if (source.data) {
    return g.constant(x.dtype, shape, source.data, source.weak);
  }
  return g.emit("Reshape", [source, g.ints(shape)], {}, {
    dtype: x.dtype,
    shape,
    weak: x.weak,
  });
}

/** Permutes the axes. */
export function transpose(
  g: GraphBuilder,
  x: Value,
  perm: readonly number[],
): Value {
  const shape = perm.map((axis) => x.shape[axis]!);
  // Where only axes of length 1 move, no element does.
  const long = perm.filter((axis) => x.shape[axis] !== 1);
  if (long.every((axis, i) => i === 0 || axis > long[i - 1]!)) {
    return reshape(g, x, shape);
  }
  return g.emit("Transpose", [x], { perm }, { dtype: x.dtype, shape });
}

/** Repeats a tensor along axes of length 1 (and new leading axes). */
export function expand(
  g: GraphBuilder,
  x: Value,
  shape: readonly number[],
): Value {
  if (equalShape(x.shape, shape)) return x;
  return g.emit("Expand", [x, g.ints(shape)], {}, {
    dtype: x.dtype,
    shape,
    weak: x.weak,
  });
}

/** An element-wise operator of one operand. */
export function unary(
  g: GraphBuilder,
  op: string,
  x: Value,
  attributes: Readonly<Record<string, Attribute>> = {},
): Value {
  return g.emit(op, [x], attributes, x);
}

/** An element-wise operator of two operands, which broadcast. */
export function binary(
  g: GraphBuilder,
  op: string,
  a: Value,
  b: Value,
  dtype?: DType,
  attributes: Readonly<Record<string, Attribute>> = {},
): Value {
  const shape = broadcastShape(a.shape, b.shape);
  // An Expand before an operator that broadcasts anyway is not needed, unless
  // it is what gives the result its shape.
  const bare = (x: Value) => x.node?.op === "Expand" ? x.node.inputs[0]! : x;
  if (equalShape(broadcastShape(bare(a).shape, b.shape), shape)) a = bare(a);
  if (equalShape(broadcastShape(a.shape, bare(b).shape), shape)) b = bare(b);
  const [x, y] = unify(g, [a, b]) as [Value, Value];
  // What is best done with indices depends on whether they are known.
  if ((op === "Add" || op === "Mul") && isIndex(x) && isIndex(y)) {
    return g.constant(x.dtype, shape, indices(op, x, y, shape));
  }
  if (
    op === "Add" && isProduct(x) && y.shape.length === 1 &&
    equalShape(x.shape, shape)
  ) {
    const { inputs, attributes } = x.node;
    return g.emit("Gemm", [...inputs, y], attributes, x);
  }
  if (op === "Add" && equalShape(x.shape, y.shape)) {
    const merged = mergedSum(g, x, y);
    if (merged) return merged;
  }
  if (op === "Mul" && isOne(y) && equalShape(x.shape, shape)) return x;
  if (op === "Mul" && isOne(x) && equalShape(y.shape, shape)) return y;
  if (op === "Div" && isOne(y) && equalShape(x.shape, shape)) return x;
  return g.emit(op, [x, y], attributes, { dtype: dtype ?? x.dtype, shape });
}

// Whether a bias can become part of it: not where it is to be found itself.
const isProduct = (x: Value): x is Value & { readonly node: Node } =>
  x.node?.op === "Gemm" && x.node.inputs.length === 2 && x.name === undefined;

const isOne = ({ data }: Value) => data?.length === 1 && Number(data[0]) === 1;

/** Takes `size` elements from `begin` along every axis. */
export function slice(
  g: GraphBuilder,
  x: Value,
  begin: readonly number[],
  size: readonly number[],
): Value {
  // Only the axes that are cut are named, so an axis whose length is symbolic
  // stays whole in the exported graph.
  const axes = x.shape.flatMap((d, i) => size[i] === d ? [] : [i]);
  if (axes.length === 0) return x;
  if (x.data) return g.constant(x.dtype, size, cut(x, begin, size), x.weak);
  const starts = axes.map((i) => begin[i]!);
  const ends = axes.map((i) => begin[i]! + size[i]!);
  return g.emit(
    "Slice",
    [x, g.ints(starts), g.ints(ends), g.ints(axes)],
    {},
    { dtype: x.dtype, shape: size },
  );
}
