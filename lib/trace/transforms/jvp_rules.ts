/**
 * The derivative of every operator along directions of its operands: one table, a
 * rule an operator.
 *
 * @module
 */

import type { GraphBuilder, Node, Value } from "../graph.ts";
import { numbersOf } from "../operators/constants.ts";
import { tanhSlope } from "../operators/functions.ts";
import { concat, split, step } from "../operators/kernels.ts";
import {
  binary,
  cast,
  expand,
  like,
  reshape,
  transpose,
  unary,
} from "../operators/lowering.ts";
import { matMul } from "../operators/products.ts";
import { reduce } from "../operators/reductions.ts";
import { SEGMENT_SUM } from "../operators/sums.ts";

/** An operator whose operands move. */
export interface Context {
  /** Where nodes are made. */
  readonly g: GraphBuilder;
  /** The operator's node. */
  readonly node: Node;
  /** The operands. */
  readonly x: readonly Value[];
  /** Their tangents; undefined where they do not move. */
  readonly dx: readonly (Value | undefined)[];
}

/** Tangents of results; undefined of those that do not move. */
export type Tangents = readonly (Value | undefined)[];
/** Makes the tangents of an operator's results. */
export type Rule = (context: Context) => Tangents;

// A sum of which each part may be missing.
const sum = (g: GraphBuilder, ...parts: Tangents): Value | undefined =>
  parts.reduce((a, b) => a && b ? binary(g, "Add", a, b) : a ?? b);

const times = (g: GraphBuilder, dx: Value | undefined, y: Value) =>
  dx && binary(g, "Mul", dx, y);

const zerosOf = (g: GraphBuilder, x: Value) =>
  expand(g, cast(g, like(g, x, 0), x.dtype), x.shape);

// The same operator, of tangents in the place of what moves: it is linear in
// these, and takes the others (axes, indices, shapes) as they are.
const linear: Rule = ({ g, node, dx }) => [
  ...g.emitMany(
    node.op,
    node.inputs.map((x, i) => dx[i] ?? x),
    node.attributes,
    node.outputs,
  ),
];

// y′(x), from x and y = f(x).
const slope =
  (derivative: (g: GraphBuilder, x: Value, y: Value) => Value): Rule =>
  ({ g, node, x: [x], dx: [dx] }) => [
    times(g, dx, derivative(g, x!, node.outputs[0]!)),
  ];

// Products of what may move on both sides.
const product =
  (multiply: (c: Context, a: Value, b: Value) => Value): Rule => (c) => {
    const { g, x: [a, b], dx: [da, db] } = c;
    return [
      sum(g, da && multiply(c, da, b!), db && multiply(c, a!, db)),
    ];
  };

const flat: Rule = ({ node }) => node.outputs.map(() => undefined);

// The chosen one of two.
const choice = (comparison: string): Rule => ({ g, x: [a, b], dx }) => {
  const first = binary(g, comparison, a!, b!, "bool");
  return [chosen(g, first, dx[0], dx[1], binary(g, "Add", a!, b!))];
};

function chosen(
  g: GraphBuilder,
  condition: Value,
  yes: Value | undefined,
  no: Value | undefined,
  result: Value,
): Value {
  const zero = cast(g, like(g, result, 0), result.dtype);
  return g.emit("Where", [condition, yes ?? zero, no ?? zero], {}, {
    dtype: result.dtype,
    shape: result.shape,
  });
}

// The mean of the tangents of those elements that are the extreme one.
const extreme: Rule = ({ g, node, x: [x, axes], dx: [dx] }) => {
  const [y] = node.outputs as [Value];
  const over = numbersOf(axes!);
  const kept = x!.shape.map((d, i) => over.includes(i) ? 1 : d);
  const there = cast(
    g,
    binary(g, "Equal", x!, reshape(g, y, kept), "bool"),
    x!.dtype,
  );
  const total = (value: Value) => reduce(g, "ReduceSum", value, over);
  const mean = binary(
    g,
    "Div",
    total(binary(g, "Mul", dx!, there)),
    total(there),
  );
  return [reshape(g, mean, y.shape)];
};

const constant = (g: GraphBuilder, x: Value, value: number) =>
  like(g, x, value);

const square = (g: GraphBuilder, x: Value) => binary(g, "Mul", x, x);

/** The rules by ONNX operator. */
export const rules: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(
    ["Sign", "Floor", "Ceil", "Round", "ArgMax", "ArgMin"]
      .map((op) => [op, flat]),
  ),
  // Rules write it with a slope that makes it a step.
  HardSigmoid: flat,

  Add: ({ g, dx: [da, db] }) => [sum(g, da, db)],
  Sub: ({ g, dx: [da, db] }) => [sum(g, da, db && unary(g, "Neg", db))],
  Mul: product(({ g }, a, b) => binary(g, "Mul", a, b)),
  Div: ({ g, node, x: [, b], dx: [da, db] }) => {
    const moved = times(g, db, node.outputs[0]!);
    const top = sum(g, da, moved && unary(g, "Neg", moved));
    return [top && binary(g, "Div", top, b!)];
  },
  // b·aᵇ⁻¹ȧ + aᵇ ln a·ḃ, without 0·∞: nothing moves a⁰ by a, or 0ᵇ by b.
  Pow: ({ g, node, x: [a, b], dx: [da, db] }) => {
    const [y] = node.outputs as [Value];
    const lower = binary(g, "Sub", b!, constant(g, b!, 1));
    const rate = binary(g, "Mul", b!, binary(g, "Pow", a!, lower));
    const level = binary(g, "Equal", b!, constant(g, b!, 0), "bool");
    const above = binary(g, "Greater", a!, constant(g, a!, 0), "bool");
    const log = chosen(g, above, unary(g, "Log", a!), undefined, a!);
    return [sum(
      g,
      da && times(g, da, chosen(g, level, undefined, rate, y)),
      db && times(g, db, binary(g, "Mul", y, log)),
    )];
  },
  // a − b·trunc(a/b)
  Mod: ({ g, node, x: [a, b], dx: [da, db] }) => {
    const whole = db && binary(
      g,
      "Div",
      binary(g, "Sub", node.outputs[0]!, a!),
      b!,
    );
    return [sum(g, da, whole && binary(g, "Mul", whole, db))];
  },
  Max: choice("GreaterOrEqual"),
  Min: choice("LessOrEqual"),
  Where: ({ g, node, x: [condition], dx: [, yes, no] }) => [
    chosen(g, condition!, yes, no, node.outputs[0]!),
  ],
  Neg: linear,
  Identity: linear,
  Cast: ({ g, node, dx: [dx] }) => [cast(g, dx!, node.outputs[0]!.dtype)],
  // Of 0, too, it is −1, as in reverse mode.
  Abs: slope((g, x) => {
    const sign = unary(g, "Sign", x);
    return unary(g, "Sign", binary(g, "Sub", sign, constant(g, x, 0.5)));
  }),
  Sqrt: slope((g, _x, y) => binary(g, "Div", constant(g, y, 0.5), y)),
  Exp: slope((_g, _x, y) => y),
  Log: slope((g, x) => unary(g, "Reciprocal", x)),
  Reciprocal: slope((g, _x, y) => unary(g, "Neg", square(g, y))),
  Sin: slope((g, x) => unary(g, "Cos", x)),
  Cos: slope((g, x) => unary(g, "Neg", unary(g, "Sin", x))),
  Tan: slope((g, _x, y) => binary(g, "Add", square(g, y), constant(g, y, 1))),
  Sinh: slope((g, x) => unary(g, "Cosh", x)),
  Cosh: slope((g, x) => unary(g, "Sinh", x)),
  Tanh: slope(tanhSlope),
  // 2/√π · e^(−x²)
  Erf: slope((g, x) =>
    binary(
      g,
      "Mul",
      unary(g, "Exp", unary(g, "Neg", square(g, x))),
      constant(g, x, 2 / Math.sqrt(Math.PI)),
    )
  ),
  Relu: slope((g, _x, y) => step(g, y)),
  // Above 0 the slope is 1, below it that of the operator.
  LeakyRelu: ({ g, node, x: [x], dx: [dx] }) => {
    const { float } = node.attributes["alpha"] as { float: number };
    const up = binary(g, "Greater", x!, constant(g, x!, 0), "bool");
    return [
      chosen(g, up, dx, binary(g, "Mul", dx!, constant(g, dx!, float)), x!),
    ];
  },
  // p ⊙ (ẋ − Σ p ẋ)
  Softmax: ({ g, node, dx: [dx] }) => {
    const [p] = node.outputs as [Value];
    const { axis } = node.attributes as { axis: number };
    const mean = reduce(g, "ReduceSum", binary(g, "Mul", p, dx!), axis, true);
    return [binary(g, "Mul", p, binary(g, "Sub", dx!, mean))];
  },

  ReduceSum: linear,
  ReduceMean: linear,
  ReduceMax: extreme,
  ReduceMin: extreme,
  CumSum: linear,
  TopK: ({ g, node, dx: [dx] }) => {
    const [, places] = node.outputs as [Value, Value];
    const { axis } = node.attributes as { axis: number };
    return [
      g.emit("GatherElements", [dx!, places], { axis }, {
        dtype: dx!.dtype,
        shape: places.shape,
      }),
      undefined,
    ];
  },

  MatMul: product(({ g }, a, b) => matMul(g, a, b, false, false)),
  Gemm: (context) => {
    const { transA, transB } = context.node.attributes;
    const [ab] = product(({ g }, a, b) =>
      matMul(g, a, b, transA === 1, transB === 1)
    )(context);
    return [sum(context.g, ab, context.dx[2])];
  },

  Reshape: ({ g, node, dx: [dx] }) => [reshape(g, dx!, node.outputs[0]!.shape)],
  Expand: ({ g, node, dx: [dx] }) => [expand(g, dx!, node.outputs[0]!.shape)],
  Transpose: ({ g, node, dx: [dx] }) => [
    transpose(g, dx!, node.attributes["perm"] as readonly number[]),
  ],
  Tile: linear,
  Slice: linear,
  Gather: linear,
  GatherElements: linear,
  GatherND: linear,
  // Of several rows by segment, those that do not move add nothing.
  [SEGMENT_SUM]: ({ g, node, dx }) => [
    g.emit(
      SEGMENT_SUM,
      dx.flatMap((rows, i) => rows ? [rows, node.inputs[i + 1]!] : []),
      node.attributes,
      node.outputs[0]!,
    ),
  ],
  Split: ({ g, node, dx: [dx] }) => {
    const { axis } = node.attributes as { axis: number };
    return split(g, dx!, node.outputs.map(({ shape }) => shape[axis]!), axis);
  },
  Pad: ({ g, node, x: [, pads, fill], dx: [dx] }) => [
    g.emit("Pad", [dx!, pads!, cast(g, like(g, fill!, 0), dx!.dtype)], {}, {
      dtype: dx!.dtype,
      shape: node.outputs[0]!.shape,
    }),
  ],
  Concat: ({ g, node, x, dx }) => {
    const { axis } = node.attributes as { axis: number };
    return [concat(g, x.map((x, i) => dx[i] ?? zerosOf(g, x)), axis)];
  },
  // What is overwritten no longer counts.
  ScatterND: ({ g, node, x: [data, places, updates], dx }) => [
    g.emit(
      "ScatterND",
      [dx[0] ?? zerosOf(g, data!), places!, dx[2] ?? zerosOf(g, updates!)],
      {},
      node.outputs[0]!,
    ),
  ],
};
