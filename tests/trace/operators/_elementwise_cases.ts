/**
 * Cases of the rules that work element by element.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
import { bool, f32, i32, type TensorFunction, vector } from "../_run.ts";
import type { HostTensor } from "../../../lib/numeric/tensor.ts";

/** What is special, a function that runs the kernel, and its arguments. */
export type Case = readonly [
  what: string,
  fn: TensorFunction,
  ...inputs: readonly HostTensor[],
];

const FINITE = [-2.5, -1.5, -1, -0.5, -0.25, -0, 0, 0.25, 0.5, 1, 1.5, 2.5];
const edges = vector(...FINITE, NaN, Infinity, -Infinity);
const ints = i32([5], [-7, -1, 0, 1, 7]);
const yes = bool([4], [0, 0, 1, 1]);
const no = bool([4], [0, 1, 0, 1]);

const unary = (fn: TensorFunction): Case[] => [["edge values", fn, edges]];

const unaryOfInts = (fn: TensorFunction): Case[] => [
  ...unary(fn),
  ["integers", fn, ints],
];

const broadcasts = (fn: TensorFunction): Case[] => [
  ["the right operand repeated", fn, f32([2, 2], [-3, 1, 2, 4]), vector(2, -5)],
  ["the left operand repeated", fn, vector(2, -5), f32([2, 2], [-3, 1, 2, 4])],
  ["both repeated", fn, f32([2, 1], [-3, 2]), f32([1, 3], [0.5, 4, -1])],
  ["a scalar", fn, f32([], [2]), vector(-1, 0.5, 3)],
];

// Every pair of them, as two vectors.
const pairs = (values: readonly number[]) => [
  vector(...values.flatMap((a) => values.map(() => a))),
  vector(...values.flatMap(() => values)),
];
const pairsOfEdges = pairs([-1.5, -0, 0, 2, NaN, Infinity, -Infinity]);

const binary = (fn: TensorFunction): Case[] => [
  ...broadcasts(fn),
  ["edge values", fn, ...pairsOfEdges],
];

const dividends = [-7, -7, 7, 7, -6, 6, 0, 0, 2147483647];
const divisors = [3, -3, 3, -3, 3, -3, 3, -3, 10];

const binaryOfInts = (fn: TensorFunction): Case[] => [
  ...binary(fn),
  [
    "integers",
    fn,
    i32([8], dividends.slice(0, 8)),
    i32([8], divisors.slice(0, 8)),
  ],
  ["integers repeated", fn, i32([2, 1], [5, -2]), i32([3], [2, 3, 4])],
];

// By a float32 tenth the quotient of floats rounds up to an integer that the
// exact one does not reach.
const remainders = (fn: TensorFunction): Case[] => [
  ...broadcasts(fn),
  [
    "both signs",
    fn,
    vector(...dividends.slice(0, 8)),
    vector(...divisors.slice(0, 8)),
  ],
  ["integers", fn, i32([9], dividends), i32([9], divisors)],
  ["nearly even quotients", fn, vector(1, -1, 6, 0.3, -0.7), f32([], [0.1])],
];

const comparison = (fn: TensorFunction): Case[] => [
  ...broadcasts(fn),
  ["edge values", fn, ...pairsOfEdges],
  ["integers", fn, ints, i32([], [0])],
];

const logical = (fn: TensorFunction): Case[] => [
  ["every pair", fn, yes, no],
  ["repeated", fn, bool([2, 1], [0, 1]), bool([2], [1, 0])],
];

export const elementwiseCases = {
  // Arithmetic
  Add: binaryOfInts(tf.add),
  AddN: [
    [
      "three floats",
      (...x) => tf.addN(x),
      vector(1, 2),
      vector(3, 4),
      vector(5, 6),
    ],
    ["two integers", (...x) => tf.addN(x), ints, ints],
  ],
  Sub: binaryOfInts(tf.sub),
  Multiply: binaryOfInts(tf.mul),
  RealDiv: binary(tf.div),
  FloorDiv: [
    ...remainders(tf.floorDiv),
    ["division of integers", tf.div, i32([9], dividends), i32([9], divisors)],
  ],
  Mod: [
    ...remainders(tf.mod),
    [
      "edge values",
      tf.mod,
      vector(1, 0, NaN, Infinity, 5),
      vector(0, 0, 1, 2, Infinity),
    ],
  ],
  Maximum: binaryOfInts(tf.maximum),
  Minimum: binaryOfInts(tf.minimum),
  Pow: [
    ...broadcasts(tf.pow),
    // Without 1 to the NaN and ±1 to the ∞, which are 1 in C and NaN in JS.
    ["edge values", tf.pow, ...pairs([-1.5, 0, 2, Infinity, -Infinity])],
    ["integers", tf.pow, i32([4], [-3, -2, 0, 5]), i32([4], [3, 2, 0, 4])],
  ],
  SquaredDifference: binaryOfInts(tf.squaredDifference),
  Neg: unaryOfInts(tf.neg),
  Abs: unaryOfInts(tf.abs),
  // TensorFlow.js's sign of NaN is 0, everybody else's NaN.
  Sign: [
    ["edge values", tf.sign, vector(...FINITE, Infinity, -Infinity)],
    ["integers", tf.sign, ints],
  ],
  Square: unaryOfInts(tf.square),
  Sqrt: unary(tf.sqrt),
  Rsqrt: unary(tf.rsqrt),
  Reciprocal: unary(tf.reciprocal),
  Floor: unary(tf.floor),
  Ceil: unary(tf.ceil),
  Round: unary(tf.round),
  ClipByValue: [
    ["edge values", (x) => tf.clipByValue(x!, -0.75, 1.25), edges],
    ["integers", (x) => tf.clipByValue(x!, -1, 3), ints],
  ],

  // Elementary functions
  Exp: unary(tf.exp),
  Expm1: [
    ...unary(tf.expm1),
    ["nearly 0", tf.expm1, vector(1e-20, -1e-12, 1e-7, -1e-4)],
    ["far from 0", tf.expm1, vector(-800, -20, 20, 80, 800)],
  ],
  Log: unary(tf.log),
  Log1p: [
    ...unary(tf.log1p),
    ["nearly 0", tf.log1p, vector(1e-20, -1e-12, 1e-7, -1e-4)],
    ["far from 0", tf.log1p, vector(-1, -2, 20, 3e38)],
  ],
  Sin: unary(tf.sin),
  Cos: unary(tf.cos),
  Tan: unary(tf.tan),
  Sinh: unary(tf.sinh),
  Cosh: unary(tf.cosh),
  Tanh: unary(tf.tanh),
  Erf: unary(tf.erf),

  // Activations
  Relu: unaryOfInts(tf.relu),
  Relu6: [["edge values", tf.relu6, edges], [
    "above 6",
    tf.relu6,
    vector(6, 7),
  ]],
  LeakyRelu: [
    ...unary((x) => tf.leakyRelu(x!)),
    ["another slope", (x) => tf.leakyRelu(x!, 0.7), edges],
  ],
  Elu: unary(tf.elu),
  Sigmoid: unary(tf.sigmoid),
  Softplus: unary(tf.softplus),
  Softmax: [
    ["rank 1", (x) => tf.softmax(x!), vector(-1, 0.5, 3)],
    ["rank 3", (x) => tf.softmax(x!, 2), f32([2, 1, 2], [1, 2, -700, 700])],
  ],
  // TensorFlow.js's step of NaN is NaN, ours 0 (or the value below).
  Step: [
    ["edge values", (x) => tf.step(x!), vector(...FINITE, Infinity, -Infinity)],
    ["integers", (x) => tf.step(x!), ints],
    ["another value below", (x) => tf.step(x!, -1), vector(...FINITE)],
    ["a fraction below", (x) => tf.step(x!, 0.25), vector(...FINITE)],
    ["integers below", (x) => tf.step(x!, -1), ints],
  ],

  // Comparison and logic
  Equal: [...comparison(tf.equal), ["flags", tf.equal, yes, no]],
  NotEqual: [...comparison(tf.notEqual), ["flags", tf.notEqual, yes, no]],
  Greater: comparison(tf.greater),
  GreaterEqual: comparison(tf.greaterEqual),
  Less: comparison(tf.less),
  LessEqual: comparison(tf.lessEqual),
  LogicalAnd: logical(tf.logicalAnd),
  LogicalOr: logical(tf.logicalOr),
  LogicalNot: [["flags", tf.logicalNot, yes]],
  IsNan: unary(tf.isNaN),
  IsInf: unary(tf.isInf),
  IsFinite: unary(tf.isFinite),
  Select: [
    ["one shape", tf.where, yes, vector(1, 2, 3, 4), vector(5, 6, 7, 8)],
    [
      "a scalar branch",
      (c, x) => tf.where(c!, x!, tf.scalar(-1)),
      yes,
      vector(1, 2, 3, 4),
    ],
    [
      "all repeated",
      tf.where,
      bool([2, 1], [0, 1]),
      vector(1, 2, 3),
      f32([], [9]),
    ],
    [
      "NaN not taken",
      tf.where,
      yes,
      vector(1, 2, 3, 4),
      vector(NaN, 1, NaN, NaN),
    ],
    ["integers", tf.where, yes, i32([4], [1, 2, 3, 4]), i32([], [-1])],
    [
      "an integer and a float",
      tf.where,
      yes,
      i32([4], [1, 2, 3, 4]),
      f32([], [0.5]),
    ],
    [
      "an integer and a number",
      (c, x) => tf.where(c!, x!, tf.scalar(0.5)),
      yes,
      i32([4], [1, 2, 3, 4]),
    ],
  ],
} satisfies Record<string, Case[]>;
