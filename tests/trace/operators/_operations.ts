/**
 * The cases of tests/golden/operations/make_operations.py: every operation on ordinary and on
 * extreme operands.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import {
  type DType,
  type HostTensor,
  hostTensorOf,
  sizeOf,
  toNumbers,
} from "../../../lib/numeric/tensor.ts";
import { isFloat } from "../../../lib/trace/graph.ts";
import { assertClose, golden, type Tolerance } from "../../_golden.ts";

/** JSON has no NaN and no infinity: there they are text. */
export type Numbers = (number | string)[];

/** What a case comes to in one type. */
export interface Expected {
  readonly out: Numbers[];
  readonly shape: number[][];
  readonly grad?: Numbers[];
}

/** A function of TensorFlow.js on some operands. */
export interface Case {
  readonly op: string;
  /** Type (`f` is either floating one), shape and values of the operands. */
  readonly in: ["f" | "i" | "b", number[], Numbers | "edges"][];
  readonly args: unknown[];
  /** Whether it takes its operands as a list. */
  readonly list?: boolean;
  /** Whether it is a function of single numbers. */
  readonly one?: boolean;
  readonly float32?: Expected;
  readonly float64?: Expected;
  readonly int32?: Expected;
}

type Operation = (...args: unknown[]) => tf.Tensor | tf.Tensor[];

/** The cases by kernel. */
export const { edges, kernels } = await golden<{
  edges: Numbers;
  kernels: Record<string, Case[]>;
}>("operations/operations");

// Of up to ten roundings in a formula each adds half a unit in the last place, and
// ONNX Runtime's own functions are right to four units in float32, to two in
// float64. Below the smallest normal number there are only fixed steps.
const NEAR = {
  float32: { relative: 10 * 2 ** -24, absolute: 2 ** -147 },
  float64: { relative: 10 * 2 ** -53, absolute: 2 ** -1072 },
  int32: { relative: 0, absolute: 0 },
};
// What is less exact, and why.
export const LESS: Record<string, Partial<Record<Precision, Tolerance>>> = {
  // ONNX Runtime reduces its operand with fewer digits near multiples of π.
  sin: { float64: { relative: 2 ** -46, absolute: 2 ** -53 } },
  cos: { float64: { relative: 2 ** -46, absolute: 2 ** -53 } },
  tan: { float64: { relative: 2 ** -46, absolute: 2 ** -53 } },
  // Made of x², which overflows where the slope has not all its digits any more.
  "reciprocal′": {
    float32: { relative: 10 * 2 ** -24, absolute: 2 ** -126 },
    float64: { relative: 10 * 2 ** -53, absolute: 2 ** -1022 },
  },
  // The logarithm of a sum of 1 and little; the loss softmax-exact has all digits.
  logSoftmax: {
    float32: { relative: 10 * 2 ** -24, absolute: 2 ** -24 },
    float64: { relative: 10 * 2 ** -53, absolute: 2 ** -53 },
  },
  // The difference of a weight and the weights' mean, as in PyTorch; each is up
  // to 1, three classes make the mean.
  "softmax′": {
    float32: { relative: 10 * 2 ** -24, absolute: 3 * 2 ** -24 },
    float64: { relative: 10 * 2 ** -53, absolute: 3 * 2 ** -53 },
  },
};
/** What a case is computed in. */
export type Precision = keyof typeof NEAR;
/** All of these. */
export const PRECISIONS = Object.keys(NEAR) as Precision[];

const OPERATIONS: Record<string, Operation> = {
  whereGreater: (a, b) =>
    tf.where(
      tf.greater(a as tf.Tensor, b as tf.Tensor),
      a as tf.Tensor,
      b as tf.Tensor,
    ),
  topk: (x, k) => Object.values(tf.topk(x as tf.Tensor, k as number)),
  // Without a type the values are int32, whose conversion has its own cases.
  oneHot: (i, depth) => tf.oneHot(i as tf.Tensor, depth as number),
};

const operation = (name: string) =>
  OPERATIONS[name] ?? tf[name as keyof typeof tf] as unknown as Operation;

const weights = (shape: number[]) =>
  tf.tensor(
    Float32Array.from(
      { length: sizeOf(shape) },
      (_, i) => ((37 * i) % 17 - 8) / 8,
    ),
    shape,
  );

/** Runs a case. */
export function results(one: Case, x: tf.Tensor[]): tf.Tensor[] {
  const run = operation(one.op);
  return [one.list ? run(x, ...one.args) : run(...x, ...one.args)].flat();
}

/** The gradients that it is compared in. */
export function gradients(one: Case, x: tf.Tensor[]): tf.Tensor[] {
  const places = one.in.flatMap(([type], i) => type === "f" ? [i] : []);
  const total = (...floats: tf.Tensor[]) => {
    const all = [...x];
    floats.forEach((tensor, i) => all[places[i]!] = tensor);
    return results(one, all)
      .map((y) => tf.sum(one.one ? y : tf.mul(y, weights(y.shape))))
      .reduce((a, b) => tf.add(a, b));
  };
  return tf.grads(total)(places.map((i) => x[i]!));
}

const isNumber = { f: true, i: false, b: false };

/** An operand in one type. */
export function operandOf(
  [type, shape, values]: Case["in"][number],
  precision: Precision,
): HostTensor {
  const dtype: DType = isNumber[type]
    ? precision
    : type === "i"
    ? "int32"
    : "bool";
  const numbers = (values === "edges" ? edges : values).map(Number);
  return hostTensorOf(dtype, shape, numbers);
}

/** Compares a result. */
export function assertTensor(
  actual: HostTensor,
  values: Numbers,
  shape: readonly number[],
  precision: Precision,
  tolerance: Tolerance | undefined,
  what: string,
): void {
  assertEquals([...actual.shape], [...shape], `${what}: shape`);
  // The mean of integers is of no type that was asked for.
  const type = precision === "int32" ? "float32" : precision;
  if (isFloat(actual)) assertEquals(actual.dtype, type, `${what}: type`);
  const near = tolerance ?? NEAR[isFloat(actual) ? type : "int32"];
  assertClose(toNumbers(actual), values.map(Number), near, what);
}
