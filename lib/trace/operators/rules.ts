/**
 * The lowering: one rule a TensorFlow.js kernel, saying which ONNX operators
 * compute the same. Whatever is traced goes through this table and no other.
 *
 * Kernels are named by TensorFlow.js, operators by ONNX (opset 18).
 *
 * Long: the table is one, so that it can be read from end to end.
 *
 * @module
 */

import type * as tf from "../../base/tfjs.ts";
import { backend_util, slice_util, util } from "../../base/tfjs.ts";
import type { FloatDType } from "../../numeric/tensor.ts";
import { type GraphBuilder, isFloat, type Value } from "../graph.ts";
import {
  choose,
  cosh,
  elu,
  expm1,
  leakyRelu,
  log1p,
  sigmoid,
  sinh,
  softplus,
  tan,
} from "./functions.ts";
import { integerDiv } from "./integers.ts";
import { checkKernel } from "./kernel_types.ts";
import {
  type Attrs,
  castTo,
  concat,
  gather,
  mod,
  oneHot,
  safeDivisor,
  scatterUpdate,
  size,
  split,
  step,
} from "./kernels.ts";
import {
  binary,
  broadcastShape,
  cast,
  expand,
  like,
  reshape,
  slice,
  transpose,
  unary,
  unify,
} from "./lowering.ts";
import { matMul } from "./products.ts";
import { keepMask, randomOrder } from "./random_kernels.ts";
import {
  argOf,
  cumProd,
  cumSum,
  extreme,
  reduce,
  reduceBool,
  topK,
} from "./reductions.ts";
import { segmentSum } from "./segments.ts";

/** Emits the nodes of one kernel and returns its result. */
export type Rule = (
  g: GraphBuilder,
  inputs: Record<string, Value>,
  attrs: Attrs,
) => Value | Value[];

const unaryRule = (op: string): Rule => (g, { x }) => unary(g, op, x!);

// Of integers these are no integers.
const floatRule =
  (fn: (g: GraphBuilder, x: Value) => Value): Rule => (g, { x }) => {
    checkKernel("Exp", [x!], g.doing);
    return fn(g, x!);
  };

const binaryRule = (op: string): Rule => (g, { a, b }) => binary(g, op, a!, b!);

const compareRule = (op: string): Rule => (g, { a, b }) =>
  binary(g, op, a!, b!, "bool");

const reduceRule = (op: string): Rule => (g, { x }, { axis, keepDims }) =>
  reduce(g, op, x!, axis, keepDims);

const reduceBoolRule =
  (op: "ReduceMin" | "ReduceMax"): Rule => (g, { x }, { axis, keepDims }) =>
    reduceBool(g, op, x!, axis, keepDims);

const argRule =
  (op: "ArgMax" | "ArgMin"): Rule => (g, { x }, { axis, passNaN }) =>
    argOf(g, op, x!, axis, passNaN);

// What TensorFlow.js's helpers want: they read nothing but the shape.
const infoOf = ({ shape }: Value): tf.TensorInfo => ({
  dataId: {},
  dtype: "float32",
  shape: [...shape],
});

const zero = (g: GraphBuilder, x: Value) => like(g, x, 0);
const one = (g: GraphBuilder, x: Value) => like(g, x, 1);

/** Kernel → ONNX. */
export const rules: Readonly<Record<string, Rule>> = {
  // Arithmetic
  Add: binaryRule("Add"),
  AddN: (g, inputs) =>
    Object.values(inputs).reduce((sum, x) => binary(g, "Add", sum, x)),
  Sub: binaryRule("Sub"),
  Multiply: binaryRule("Mul"),
  RealDiv: binaryRule("Div"),
  // Less the remainder the division comes out even: a rounded quotient may be the
  // wrong side of an integer.
  FloorDiv: (g, { a, b }) => {
    if (!isFloat(a!)) return integerDiv(g, a!, b!);
    const even = binary(g, "Sub", a!, mod(g, a!, b!));
    return cast(g, unary(g, "Round", binary(g, "Div", even, b!)), "int32");
  },
  Mod: (g, { a, b }) => mod(g, a!, b!),
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
  Rsqrt: (g, { x }) => binary(g, "Div", one(g, x!), unary(g, "Sqrt", x!)),
  Reciprocal: unaryRule("Reciprocal"),
  Floor: unaryRule("Floor"),
  Ceil: unaryRule("Ceil"),
  Round: unaryRule("Round"),
  ClipByValue: (g, { x }, { clipValueMin, clipValueMax }) =>
    binary(
      g,
      "Min",
      binary(g, "Max", x!, like(g, x!, clipValueMin)),
      like(g, x!, clipValueMax),
    ),

  // Elementary functions
  Exp: unaryRule("Exp"),
  Expm1: floatRule(expm1),
  Log: unaryRule("Log"),
  Log1p: floatRule(log1p),
  Sin: unaryRule("Sin"),
  Cos: unaryRule("Cos"),
  Tan: floatRule(tan),
  Sinh: floatRule(sinh),
  Cosh: floatRule(cosh),
  Tanh: unaryRule("Tanh"),
  Erf: unaryRule("Erf"),

  // Activations
  Relu: unaryRule("Relu"),
  Relu6: (g, { x }) => binary(g, "Min", unary(g, "Relu", x!), like(g, x!, 6)),
  LeakyRelu: (g, { x }, { alpha }) =>
    floatRule((g, x) => leakyRelu(g, x, alpha))(g, { x: x! }, {}),
  Elu: floatRule(elu),
  Sigmoid: floatRule(sigmoid),
  Softplus: floatRule(softplus),
  Softmax: (g, { logits }, { dim }) =>
    unary(g, "Softmax", logits!, { axis: dim }),
  Step: (g, { x }, { alpha }) => {
    if (!alpha) return step(g, x!);
    const above = binary(g, "Greater", x!, zero(g, x!), "bool");
    const y = choose(g, above, like(g, x!, 1), like(g, x!, alpha));
    // Of NaN it is NaN, and so is the slope of |x|.
    const known = binary(g, "Equal", x!, x!, "bool");
    return isFloat(x!) ? choose(g, known, y, x!) : y;
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
  LogicalNot: unaryRule("Not"),
  IsNan: (g, { x }) =>
    g.emit("IsNaN", [x!], {}, { dtype: "bool", shape: x!.shape }),
  // Of float16 there is no kernel; it loses nothing in float32.
  IsInf: (g, { x }) => {
    const wide = x!.dtype === "float16" ? cast(g, x!, "float32") : x!;
    return g.emit("IsInf", [wide], {}, { dtype: "bool", shape: x!.shape });
  },
  // x - x is 0 for every finite number and NaN for the others.
  IsFinite: (g, { x }) =>
    binary(g, "Equal", binary(g, "Sub", x!, x!), zero(g, x!), "bool"),
  Select: (g, { condition, t, e }) => {
    const isFlag = t!.dtype === "bool" && e!.dtype === "bool";
    const common = isFlag ? "int32" : "float32";
    const [yes, no] = unify(
      g,
      isFlag || isFloat(t!) || isFloat(e!)
        ? [t!, e!].map((x) => castTo(g, x, common))
        : [t!, e!],
    ) as [Value, Value];
    // TensorFlow.js repeats an axis of length 1 any number of times, but 0.
    const shape = [yes, no].reduce(
      (shape, x) => broadcastShape(shape, x.shape),
      [...condition!.shape],
    );
    const chosen = g.emit("Where", [condition!, yes, no], {}, {
      dtype: yes.dtype,
      shape,
    });
    return isFlag ? cast(g, chosen, "bool") : chosen;
  },

  // Reductions
  Sum: reduceRule("ReduceSum"),
  // Of integers it is no integer.
  Mean: (g, { x }, { axis, keepDims }) =>
    reduce(g, "ReduceMean", castTo(g, x!, "float32"), axis, keepDims),
  Prod: reduceRule("ReduceProd"),
  Min: (g, { x }, attrs) => extreme(g, "ReduceMin", x!, attrs.axis, attrs),
  Max: (g, { x }, attrs) =>
    extreme(g, "ReduceMax", x!, attrs.reductionIndices, attrs),
  All: reduceBoolRule("ReduceMin"),
  Any: reduceBoolRule("ReduceMax"),
  ArgMax: argRule("ArgMax"),
  ArgMin: argRule("ArgMin"),
  TopK: (g, { x }, { k, passNaN }) => topK(g, x!, k, passNaN),
  Cumsum: (g, { x }, attrs) => cumSum(g, x!, attrs),
  Cumprod: (g, { x }, attrs) => cumProd(g, x!, attrs),

  // Matrices
  BatchMatMul: (g, { a, b }, { transposeA, transposeB }) =>
    matMul(g, a!, b!, transposeA, transposeB),

  // Shapes and types
  Identity: (_g, { x }) => x!,
  Cast: (g, { x }, { dtype }) => castTo(g, x!, dtype),
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
  Tile: (g, { x }, { reps }) =>
    g.emit("Tile", [x!, g.ints(reps)], {}, {
      dtype: x!.dtype,
      shape: x!.shape.map((d, i) => d * reps[i]),
    }),
  Concat: (g, inputs, { axis }) => concat(g, Object.values(inputs), axis),
  Pack: (g, inputs, { axis }) => {
    const parts = Object.values(inputs);
    const at = axis < 0 ? axis + parts[0]!.shape.length + 1 : axis;
    const raised = parts.map((x) => reshape(g, x, x.shape.toSpliced(at, 0, 1)));
    return concat(g, raised, at);
  },
  Unpack: (g, { value }, { axis }) => {
    const [at] = util.parseAxisParam(axis, [...value!.shape]) as [number];
    return split(g, value!, Array(value!.shape[at]).fill(1), at)
      .map((x) => reshape(g, x, x.shape.toSpliced(at, 1)));
  },
  SplitV: (g, { x }, { numOrSizeSplits, axis }) => {
    const [at] = util.parseAxisParam(axis, [...x!.shape]) as [number];
    const sizes = backend_util.prepareSplitSize(
      infoOf(x!),
      numOrSizeSplits,
      at,
    );
    return split(g, x!, sizes, at);
  },
  Slice: (g, { x }, { begin, size }) => {
    const [from, count] = slice_util.parseSliceParams(infoOf(x!), begin, size);
    return slice(g, x!, from!, count!);
  },
  PadV2: (g, { x }, { paddings, constantValue }) => {
    const pairs = paddings as [number, number][];
    if (pairs.flat().every((length) => length === 0)) return x!;
    const pads = [...pairs.map(([p]) => p), ...pairs.map(([, q]) => q)];
    const fill = like(g, x!, constantValue);
    return g.emit("Pad", [x!, g.ints(pads), fill], {}, {
      dtype: x!.dtype,
      shape: x!.shape.map((d, i) => d + pairs[i]![0] + pairs[i]![1]),
    });
  },
  GatherV2: (g, { x, indices }, attrs) => gather(g, x!, indices!, attrs),
  TensorScatterUpdate: (g, { tensor, indices, updates }) =>
    scatterUpdate(g, tensor!, indices!, updates!),
  OneHot: (g, { indices }, attrs) => oneHot(g, indices!, attrs),
  UnsortedSegmentSum: (g, { x, segmentIds }, { numSegments }) =>
    segmentSum(g, [x!, segmentIds!], numSegments),

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
  ZerosLike: (g, { x }) => expand(g, zero(g, x!), x!.shape),
  OnesLike: (g, { x }) => expand(g, one(g, x!), x!.shape),

  // groklab's own kernels, see precision.ts
  ToPrecision: (g, { x }, { dtype }) => cast(g, x!, dtype as FloatDType),
  CastLike: (g, { x, like }) => cast(g, x!, like!.dtype, like!.weak),

  // gradients.ts
  SafeDivisor: (g, { dy, b }) => safeDivisor(g, dy!, b!),

  // and random.ts
  KeepMask: (g, { key, step }, attrs) => keepMask(g, key!, step!, attrs),
  RandomOrder: (g, { key, epoch }, attrs) =>
    randomOrder(g, key!, epoch!, attrs),
};
