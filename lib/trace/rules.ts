/**
 * The lowering: one rule a TensorFlow.js kernel, saying which ONNX operators
 * compute the same. Whatever is traced goes through this table and no other.
 *
 * Kernels are named by TensorFlow.js, operators by ONNX (opset 18).
 *
 * @module
 */

import { slice_util, util } from "@tensorflow/tfjs-core";
import type { DType, FloatDType, GraphBuilder, Value } from "./graph.ts";
import { isFloat } from "./graph.ts";
import {
  binary,
  cast,
  expand,
  matMul,
  reduce,
  reshape,
  slice,
  transpose,
  unary,
  unify,
} from "./lowering.ts";

// TensorFlow.js types the attributes of a kernel by convention only; each rule
// names those it reads, under the names of tfjs-core's kernel_names.
// deno-lint-ignore no-explicit-any
type Attrs = any;

/** Emits the nodes of one kernel and returns its result. */
export type Rule = (
  g: GraphBuilder,
  inputs: Record<string, Value>,
  attrs: Attrs,
) => Value | Value[];

const unaryRule = (op: string): Rule => (g, { x }) => unary(g, op, x!);

const binaryRule = (op: string): Rule => (g, { a, b }) => binary(g, op, a!, b!);

const compareRule = (op: string): Rule => (g, { a, b }) =>
  binary(g, op, a!, b!, "bool");

const reduceRule = (op: string): Rule => (g, { x }, { axis, keepDims }) =>
  reduce(g, op, x!, axis, keepDims);

// ReduceMin and ReduceMax take no bool before opset 20.
const reduceBoolRule = (op: string): Rule => (g, { x }, { axis, keepDims }) =>
  cast(g, reduce(g, op, cast(g, x!, "int32"), axis, keepDims), "bool");

const argRule = (op: string): Rule => (g, { x }, { axis }) => {
  const [at] = util.parseAxisParam(axis ?? 0, [...x!.shape]);
  return g.emit(op, [x!], { axis: at!, keepdims: 0 }, {
    dtype: "int64",
    shape: x!.shape.filter((_, i) => i !== at),
  });
};

const softmaxRule = (op: string): Rule => (g, { logits }, { dim, axis }) => {
  const [at] = util.parseAxisParam(dim ?? axis ?? -1, [...logits!.shape]);
  return unary(g, op, logits!, { axis: at! });
};

const scalar = (g: GraphBuilder, value: number) =>
  g.constant("float32", [], Float64Array.of(value), true);

const zero = (g: GraphBuilder) => scalar(g, 0);
const one = (g: GraphBuilder) => scalar(g, 1);

// TensorFlow.js knows one floating type; a traced float of any width is one.
function castRule(g: GraphBuilder, x: Value, dtype: string): Value {
  if (dtype !== "float32") return cast(g, x, dtype as DType);
  return isFloat(x) ? x : cast(g, x, "float32", true);
}

function oneHot(g: GraphBuilder, indices: Value, attrs: Attrs): Value {
  const { depth, onValue, offValue, dtype } = attrs;
  const shape = [...indices.shape, depth];
  const values = Float64Array.of(offValue ?? 0, onValue ?? 1);
  return castRule(
    g,
    g.emit(
      "OneHot",
      [
        cast(g, indices, "int64"),
        g.constant("int64", [], BigInt64Array.of(BigInt(depth))),
        g.constant("float32", [2], values),
      ],
      { axis: -1 },
      { dtype: "float32", shape, weak: true },
    ),
    dtype ?? "float32",
  );
}

function concat(g: GraphBuilder, parts: Value[], axis: number): Value {
  const values = unify(g, parts);
  const [first] = values;
  const at = axis < 0 ? axis + first!.shape.length : axis;
  const length = values.reduce((sum, v) => sum + v.shape[at]!, 0);
  const shape = first!.shape.with(at, length);
  return values.length === 1
    ? first!
    : g.emit("Concat", values, { axis: at }, { dtype: first!.dtype, shape });
}

function split(g: GraphBuilder, x: Value, sizes: number[], axis: number) {
  return [...g.emitMany(
    "Split",
    [x, g.ints(sizes)],
    { axis },
    sizes.map((size) => ({ dtype: x.dtype, shape: x.shape.with(axis, size) })),
  )];
}

function gather(g: GraphBuilder, x: Value, indices: Value, attrs: Attrs) {
  const { batchDims = 0 } = attrs;
  const [axis] = util.parseAxisParam(attrs.axis ?? 0, [...x.shape]);
  const rest = x.shape.slice(axis! + 1);
  if (batchDims === 0) {
    return g.emit("Gather", [x, indices], { axis: axis! }, {
      dtype: x.dtype,
      shape: [...x.shape.slice(0, axis), ...indices.shape, ...rest],
    });
  }
  if (batchDims !== axis) {
    throw new TypeError(
      `Cannot trace gather with axis ${axis} and batchDims ${batchDims}: ` +
        "with batch dimensions the axis must follow them",
    );
  }
  const points = reshape(g, cast(g, indices, "int64"), [...indices.shape, 1]);
  return g.emit("GatherND", [x, points], { batch_dims: batchDims }, {
    dtype: x.dtype,
    shape: [...indices.shape, ...rest],
  });
}

// A product with the one-hot matrix of the segment ids: ONNX's scatter with
// addition runs on a single thread.
function segmentSum(g: GraphBuilder, x: Value, ids: Value, segments: number) {
  const flat = reshape(g, x, [ids.shape[0]!, size(x, 1)]);
  const hot = cast(g, oneHot(g, ids, { depth: segments }), x.dtype);
  return reshape(g, matMul(g, hot, flat, true, false), [
    segments,
    ...x.shape.slice(1),
  ]);
}

const size = (x: Value, from: number) =>
  x.shape.slice(from).reduce((product, d) => product * d, 1);

/** Kernel → ONNX. */
export const rules = {
  // Arithmetic
  Add: binaryRule("Add"),
  AddN: (g, inputs) =>
    Object.values(inputs).reduce((sum, x) => binary(g, "Add", sum, x)),
  Sub: binaryRule("Sub"),
  Multiply: binaryRule("Mul"),
  RealDiv: binaryRule("Div"),
  // ONNX's integer division truncates; less the remainder it comes out even.
  FloorDiv: (g, { a, b }) =>
    isFloat(a!)
      ? unary(g, "Floor", binary(g, "Div", a!, b!))
      : binary(g, "Div", binary(g, "Sub", a!, binary(g, "Mod", a!, b!)), b!),
  // Of the divisor's sign, as in TensorFlow; ONNX has that for integers only.
  Mod: (g, { a, b }) =>
    isFloat(a!)
      ? binary(
        g,
        "Sub",
        a!,
        binary(g, "Mul", b!, unary(g, "Floor", binary(g, "Div", a!, b!))),
      )
      : binary(g, "Mod", a!, b!),
  Maximum: binaryRule("Max"),
  Minimum: binaryRule("Min"),
  Pow: binaryRule("Pow"),
  SquaredDifference: (g, { a, b }) => {
    const difference = binary(g, "Sub", a!, b!);
    return binary(g, "Mul", difference, difference);
  },
  Neg: unaryRule("Neg"),
  Abs: unaryRule("Abs"),
  Sign: unaryRule("Sign"),
  Square: (g, { x }) => binary(g, "Mul", x!, x!),
  Sqrt: unaryRule("Sqrt"),
  Rsqrt: (g, { x }) => binary(g, "Div", one(g), unary(g, "Sqrt", x!)),
  Reciprocal: unaryRule("Reciprocal"),
  Floor: unaryRule("Floor"),
  Ceil: unaryRule("Ceil"),
  Round: unaryRule("Round"),
  ClipByValue: (g, { x }, { clipValueMin, clipValueMax }) =>
    binary(
      g,
      "Min",
      binary(g, "Max", x!, scalar(g, clipValueMin)),
      scalar(g, clipValueMax),
    ),

  // Elementary functions
  Exp: unaryRule("Exp"),
  // ONNX has neither; in float64 the subtraction is exact enough for float32.
  Expm1: (g, { x }) =>
    cast(
      g,
      binary(g, "Sub", unary(g, "Exp", cast(g, x!, "float64")), one(g)),
      x!.dtype,
    ),
  Log: unaryRule("Log"),
  Log1p: (g, { x }) =>
    cast(
      g,
      unary(g, "Log", binary(g, "Add", cast(g, x!, "float64"), one(g))),
      x!.dtype,
    ),
  Sin: unaryRule("Sin"),
  Cos: unaryRule("Cos"),
  Tan: unaryRule("Tan"),
  Sinh: unaryRule("Sinh"),
  Cosh: unaryRule("Cosh"),
  Tanh: unaryRule("Tanh"),
  Erf: unaryRule("Erf"),

  // Activations
  Relu: unaryRule("Relu"),
  Relu6: (g, { x }) => binary(g, "Min", unary(g, "Relu", x!), scalar(g, 6)),
  LeakyRelu: (g, { x }, { alpha }) =>
    unary(g, "LeakyRelu", x!, { alpha: { float: alpha } }),
  Elu: unaryRule("Elu"),
  Sigmoid: unaryRule("Sigmoid"),
  Softplus: unaryRule("Softplus"),
  Softmax: softmaxRule("Softmax"),
  LogSoftmax: softmaxRule("LogSoftmax"),
  Step: (g, { x }, { alpha }) => {
    const positive = binary(g, "Greater", x!, zero(g), "bool");
    if (!alpha) return cast(g, positive, x!.dtype);
    const branches = unify(g, [one(g), scalar(g, alpha), x!]);
    return g.emit("Where", [positive, branches[0]!, branches[1]!], {}, x!);
  },

  // Comparison and logic
  Equal: compareRule("Equal"),
  NotEqual: (g, { a, b }) =>
    unary(g, "Not", binary(g, "Equal", a!, b!, "bool")),
  Greater: compareRule("Greater"),
  GreaterEqual: compareRule("GreaterOrEqual"),
  Less: compareRule("Less"),
  LessEqual: compareRule("LessOrEqual"),
  LogicalAnd: compareRule("And"),
  LogicalOr: compareRule("Or"),
  LogicalXor: compareRule("Xor"),
  LogicalNot: unaryRule("Not"),
  IsNan: (g, { x }) =>
    g.emit("IsNaN", [x!], {}, { dtype: "bool", shape: x!.shape }),
  IsInf: (g, { x }) =>
    g.emit("IsInf", [x!], {}, { dtype: "bool", shape: x!.shape }),
  // x - x is 0 for every finite number and NaN for the others.
  IsFinite: (g, { x }) =>
    binary(g, "Equal", binary(g, "Sub", x!, x!), zero(g), "bool"),
  Select: (g, { condition, t, e }) => {
    const [yes, no] = unify(g, [t!, e!]) as [Value, Value];
    return g.emit("Where", [condition!, yes, no], {}, {
      dtype: yes.dtype,
      shape: t!.shape,
    });
  },

  // Reductions
  Sum: reduceRule("ReduceSum"),
  Mean: reduceRule("ReduceMean"),
  Prod: reduceRule("ReduceProd"),
  Min: reduceRule("ReduceMin"),
  Max: (g, { x }, { reductionIndices, keepDims }) =>
    reduce(g, "ReduceMax", x!, reductionIndices, keepDims),
  All: reduceBoolRule("ReduceMin"),
  Any: reduceBoolRule("ReduceMax"),
  ArgMax: argRule("ArgMax"),
  ArgMin: argRule("ArgMin"),
  Cumsum: (g, { x }, { axis, exclusive, reverse }) =>
    g.emit(
      "CumSum",
      [x!, g.constant("int64", [], BigInt64Array.of(BigInt(axis)))],
      { exclusive: +exclusive, reverse: +reverse },
      x!,
    ),

  // Matrices
  BatchMatMul: (g, { a, b }, { transposeA, transposeB }) =>
    matMul(g, a!, b!, transposeA, transposeB),

  // Shapes and types
  Identity: (_g, { x }) => x!,
  Cast: (g, { x }, { dtype }) => castRule(g, x!, dtype),
  Reshape: (g, { x }, { shape }) =>
    reshape(g, x!, util.inferFromImplicitShape(shape, size(x!, 0))),
  ExpandDims: (g, { input }, { dim }) =>
    reshape(
      g,
      input!,
      input!.shape.toSpliced(
        dim < 0 ? input!.shape.length + 1 + dim : dim,
        0,
        1,
      ),
    ),
  Transpose: (g, { x }, { perm }) => transpose(g, x!, perm),
  BroadcastTo: (g, { x }, { shape }) => expand(g, x!, shape),
  Tile: (g, { x }, { reps }) =>
    g.emit("Tile", [x!, g.ints(reps)], {}, {
      dtype: x!.dtype,
      shape: x!.shape.map((d, i) => d * reps[i]),
    }),
  Concat: (g, inputs, { axis }) => concat(g, Object.values(inputs), axis),
  Pack: (g, inputs, { axis }) =>
    concat(
      g,
      Object.values(inputs).map((x) =>
        reshape(g, x, x.shape.toSpliced(axis, 0, 1))
      ),
      axis,
    ),
  Unpack: (g, { value }, { axis }) =>
    split(g, value!, Array(value!.shape[axis]).fill(1), axis)
      .map((x) => reshape(g, x, x.shape.toSpliced(axis, 1))),
  SplitV: (g, { x }, { numOrSizeSplits, axis }) => {
    const [at] = util.parseAxisParam(axis, [...x!.shape]) as [number];
    const sizes = typeof numOrSizeSplits === "number"
      ? Array(numOrSizeSplits).fill(x!.shape[at]! / numOrSizeSplits)
      : numOrSizeSplits;
    return split(g, x!, sizes, at);
  },
  Slice: (g, { x }, { begin, size }) => {
    const info = { dataId: {}, dtype: "float32", shape: [...x!.shape] };
    const [from, count] = slice_util.parseSliceParams(
      info as Parameters<typeof slice_util.parseSliceParams>[0],
      begin,
      size,
    );
    return slice(g, x!, from!, count!);
  },
  PadV2: (g, { x }, { paddings, constantValue }) => {
    const pairs = paddings as [number, number][];
    const pads = [...pairs.map(([p]) => p), ...pairs.map(([, q]) => q)];
    const [fill] = unify(g, [scalar(g, constantValue), x!]);
    return g.emit("Pad", [x!, g.ints(pads), fill!], {}, {
      dtype: x!.dtype,
      shape: x!.shape.map((d, i) => d + pairs[i]![0] + pairs[i]![1]),
    });
  },
  GatherV2: (g, { x, indices }, attrs) => gather(g, x!, indices!, attrs),
  OneHot: (g, { indices }, attrs) => oneHot(g, indices!, attrs),
  UnsortedSegmentSum: (g, { x, segmentIds }, { numSegments }) =>
    segmentSum(g, x!, segmentIds!, numSegments),

  // Constants
  Fill: (g, _inputs, { shape, value, dtype }) => {
    const weak = (dtype ?? "float32") === "float32";
    const fill = g.constant(
      dtype ?? "float32",
      [],
      Float64Array.of(Number(value)),
      weak,
    );
    return expand(g, fill, shape);
  },
  ZerosLike: (g, { x }) => expand(g, cast(g, zero(g), x!.dtype), x!.shape),
  OnesLike: (g, { x }) => expand(g, cast(g, one(g), x!.dtype), x!.shape),

  // groklab's own kernels, see precision.ts
  ToPrecision: (g, { x }, { dtype }) => cast(g, x!, dtype as FloatDType),
  CastLike: (g, { x, like }) => cast(g, x!, like!.dtype),
} satisfies Record<string, Rule>;
