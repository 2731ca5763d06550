/**
 * How every operator does the same along a leading axis: a rule an operator.
 *
 * @module
 */

import type { GraphBuilder, Node, Value } from "../graph.ts";
import { numbersOf } from "../operators/constants.ts";
import { concat } from "../operators/kernels.ts";
import {
  binary,
  cast,
  expand,
  reshape,
  transpose,
} from "../operators/lowering.ts";
import { matMul } from "../operators/products.ts";
import { SEGMENT_SUM, segmentsOf } from "../operators/sums.ts";
import { toTyped } from "../../numeric/tensor.ts";

/** An operator some of whose operands are stacked. */
export interface Context {
  /** Where nodes are made. */
  readonly g: GraphBuilder;
  /** How many replicas. */
  readonly size: number;
  /** The node of the single function: its shapes are those of one replica. */
  readonly node: Node;
  /** Its operands in the stacked function. */
  readonly x: readonly Value[];
  /** Whether an operand has the leading axis. */
  readonly isStacked: (operand: number) => boolean;
  /** Repeats a value for every replica where it is not stacked yet. */
  readonly stack: (x: Value) => Value;
}

/** Makes an operator's results, with the leading axis. */
export type Rule = (context: Context) => Value[];

// A node of the same operator, its results with the leading axis.
const same = (
  { g, size, node }: Context,
  operands: readonly Value[],
  attributes: Node["attributes"] = node.attributes,
): Value[] => [
  ...g.emitMany(
    node.op,
    operands,
    attributes,
    node.outputs.map(({ dtype, shape }) => ({
      dtype,
      shape: [size, ...shape],
    })),
  ),
];

// Stacked operands get axes of length 1 behind the first, so that they
// broadcast as the single ones do.
function aligned({ g, size, node, x, isStacked }: Context, rank: number) {
  return x.map((value, i) => {
    if (!isStacked(i)) return value;
    const { shape } = node.inputs[i]!;
    const ones = Array<number>(rank - shape.length).fill(1);
    return reshape(g, value, [size, ...ones, ...shape]);
  });
}

const elementwise: Rule = (context) =>
  same(context, aligned(context, context.node.outputs[0]!.shape.length));

// Operators that take their axes as an operand, at this place.
const axesAt = (place: number): Rule => (context) => {
  const { g, x } = context;
  const behind = (axis: number) => axis < 0 ? axis : axis + 1;
  const axes = g.ints(numbersOf(x[place]!).map(behind));
  return same(context, x.with(place, axes));
};

const axisAttribute: Rule = (context) => {
  const { axis } = context.node.attributes;
  if (typeof axis !== "number") throw new TypeError("no axis");
  const behind = axis < 0 ? axis : axis + 1;
  const attributes = { ...context.node.attributes, axis: behind };
  return same(context, context.x, attributes);
};

const product: Rule = (context) => {
  const { g, node } = context;
  const { transA, transB } = node.attributes;
  const rank = node.outputs[0]!.shape.length;
  const [a, b, bias] = aligned(context, rank) as [Value, Value, Value?];
  const result = matMul(g, a, b, transA === 1, transB === 1);
  return [bias ? binary(g, "Add", result, bias) : result];
};

// Rows of the stack laid end to end: x [size, rows, …] and numbers of rows of
// each replica [size, …].
const endToEnd = ({ g, size, stack }: Context, x: Value, ids: Value) => {
  const all = stack(x);
  const [, rows, ...rest] = all.shape as [number, number, ...number[]];
  return {
    flat: reshape(g, all, [size * rows, ...rest]),
    ids: offset(g, stack(ids), rows),
  };
};

// Adds to the numbers of replica r the number of all that come before it.
function offset(g: GraphBuilder, ids: Value, rows: number): Value {
  const ones = ids.shape.slice(1).map(() => 1);
  const size = ids.shape[0]!;
  const first = Array.from({ length: size }, (_, r) => r * rows);
  return binary(g, "Add", ids, reshape(g, g.ints(first), [size, ...ones]));
}

const gather: Rule = (context) => {
  const { node, x, isStacked, g, size } = context;
  const { axis } = node.attributes as { axis: number };
  const [data, ids] = x as [Value, Value];
  if (!isStacked(1)) return same(context, x, { axis: axis + 1 });
  if (axis !== 0) {
    throw new TypeError(
      `Cannot stack Gather along axis ${axis} by other indices for each ` +
        "replica: bring the axis to the front",
    );
  }
  const shape = [size, ...node.outputs[0]!.shape];
  if (!isStacked(0)) {
    return [g.emit("Gather", x, { axis }, { dtype: data.dtype, shape })];
  }
  const rows = endToEnd(context, data, ids);
  const spec = { dtype: data.dtype, shape };
  return [g.emit("Gather", [rows.flat, rows.ids], { axis }, spec)];
};

const segmentSum: Rule = ({ node, x, g, size, stack }) => {
  const { segments, blocks } = segmentsOf(node);
  const pairs = x.map(stack).map((value, i) =>
    i % 2 === 0
      ? reshape(g, value, [rowsOf(value), ...value.shape.slice(2)])
      : reshape(g, ownSegments(g, value, segments), [rowsOf(value)])
  );
  const [first] = pairs as [Value];
  const rest = first.shape.slice(1);
  const whole = { segments: size * segments, blocks: size * blocks };
  const all = g.emit(SEGMENT_SUM, pairs, whole, {
    dtype: first.dtype,
    shape: [size * segments, ...rest],
  });
  return [reshape(g, all, [size, segments, ...rest])];
};

const rowsOf = ({ shape: [size, rows] }: Value) => size! * rows!;

// The numbers of each replica's own segments, [size, rows]; rows of no segment
// must not come to a neighbour's.
function ownSegments(g: GraphBuilder, ids: Value, segments: number): Value {
  const flags = { dtype: "bool", shape: ids.shape } as const;
  const whole = (n: number) =>
    g.constant(ids.dtype, [], toTyped(ids.dtype, [n]));
  const known = g.emit(
    "And",
    [
      g.emit("GreaterOrEqual", [ids, whole(0)], {}, flags),
      g.emit("Less", [ids, whole(segments)], {}, flags),
    ],
    {},
    flags,
  );
  const moved = offset(g, ids, segments);
  const none = cast(g, whole(-1), moved.dtype);
  return g.emit("Where", [known, moved, none], {}, moved);
}

const scatter: Rule = (context) => {
  const { g, size, x, stack } = context;
  const [data, places, updates] = x.map(stack) as [Value, Value, Value];
  const shape = places.shape.with(-1, 1);
  const ones = shape.slice(1).map(() => 1);
  const replica = g.ints([...Array(size).keys()]);
  const first = expand(g, reshape(g, replica, [size, ...ones]), shape);
  return same(context, [data, concat(g, [first, places], -1), updates]);
};

/** The operators that do the same to each element. */
export const ELEMENTWISE: readonly string[] = [
  ...["Add", "Sub", "Mul", "Div", "Pow", "Mod", "Max", "Min", "Where"],
  ...["Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"],
  ...["And", "Or", "Not", "Neg", "Abs", "Sign", "Sqrt", "Exp", "Log"],
  ...["Sin", "Cos", "Tan", "Tanh", "Sinh", "Cosh", "Erf", "Reciprocal"],
  ...["Floor", "Ceil", "Round", "Relu", "LeakyRelu", "HardSigmoid"],
  ...["IsNaN", "IsInf", "Cast", "Identity", "BitShift", "BitwiseXor"],
];

/** The rules by ONNX operator. */
export const rules: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(ELEMENTWISE.map((op) => [op, elementwise])),
  Softmax: axisAttribute,
  ArgMax: axisAttribute,
  ArgMin: axisAttribute,
  Split: axisAttribute,
  TopK: axisAttribute,
  ReduceSum: axesAt(1),
  // Along some axes ONNX Runtime adds squares one by one, which is slow and
  // rounds more than the sum of their product.
  ReduceSumSquare: (context) => {
    const { g, node, x } = context;
    const square = binary(g, "Mul", x[0]!, x[0]!);
    const sum = { ...node, op: "ReduceSum" };
    return axesAt(1)({ ...context, node: sum, x: x.with(0, square) });
  },
  ReduceMean: axesAt(1),
  ReduceProd: axesAt(1),
  ReduceMax: axesAt(1),
  ReduceMin: axesAt(1),
  Slice: axesAt(3),
  CumSum: axesAt(1),
  Concat: (context) => {
    const { g, node, x, stack } = context;
    const { axis } = node.attributes as { axis: number };
    return [concat(g, x.map(stack), axis + 1)];
  },
  Reshape: ({ g, size, node, x }) => [
    reshape(g, x[0]!, [size, ...node.outputs[0]!.shape]),
  ],
  Expand: (context) => {
    const { g, size, node } = context;
    const { shape } = node.outputs[0]!;
    const [x] = aligned(context, shape.length);
    return [expand(g, x!, [size, ...shape])];
  },
  Transpose: ({ g, node, x }) => {
    const perm = node.attributes["perm"] as readonly number[];
    return [transpose(g, x[0]!, [0, ...perm.map((axis) => axis + 1)])];
  },
  Tile: (context) => {
    const { g, x } = context;
    return same(context, [x[0]!, g.ints([1, ...numbersOf(x[1]!)])]);
  },
  Pad: (context) => {
    const { g, x } = context;
    const pads = numbersOf(x[1]!);
    const rank = pads.length / 2;
    const wider = [0, ...pads.slice(0, rank), 0, ...pads.slice(rank)];
    return same(context, x.with(1, g.ints(wider)));
  },
  MatMul: product,
  Gemm: product,
  Gather: gather,
  GatherND: (context) => {
    const { node, x, stack } = context;
    const { batch_dims } = node.attributes as { batch_dims: number };
    return same(context, x.map(stack), { batch_dims: batch_dims + 1 });
  },
  GatherElements: (context) => {
    const { node, x, stack } = context;
    const { axis } = node.attributes as { axis: number };
    return same(context, x.map(stack), { axis: axis + 1 });
  },
  ScatterND: scatter,
  [SEGMENT_SUM]: segmentSum,
};

/** Whether a node has a rule whichever of its operands are stacked. */
export function canStack({ op, attributes }: Node): boolean {
  return op in rules && !(op === "Gather" && attributes["axis"] !== 0);
}
