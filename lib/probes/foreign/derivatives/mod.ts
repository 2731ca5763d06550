/**
 * ONNX operators as TensorFlow.js functions: what a foreign graph is made of, so
 * that it can be traced, and differentiated, like a model of this project.
 *
 * @module
 */

import * as tf from "../../../base/tfjs.ts";
import { castLike, scalar } from "../../../trace/precision.ts";
import type { NodeProto } from "../../../onnx/file/model.ts";
import {
  alongAxis,
  batchNormalization,
  layerNormalization,
  reduced,
} from "./norms.ts";
import {
  type Application,
  axisOf,
  constantOf,
  expanded,
  numberOf,
  numbersOf,
  type Operator,
  product,
} from "./operand.ts";
import { gather, reshapedTo, slice, split } from "./places.ts";
import { clip, gelu, power, where } from "./pointwise.ts";
import { gemm, matMul } from "./products.ts";

export {
  type Application,
  NoDerivative,
  numberOf,
  type Operand,
  type Operator,
} from "./operand.ts";

/** A function of one tensor. */
const unary =
  (f: (x: tf.Tensor, node: NodeProto) => tf.Tensor): Operator =>
  ({ node, x: [x] }) => [f(x!.tensor(), node)];

/** A function of two tensors or more, from left to right. */
const folded =
  (f: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): Operator => ({ x }) => [
    x.map((operand) => operand!.tensor()).reduce((a, b) => f(a, b)),
  ];

/** A tensor with other lengths of its axes. */
const shaped = (
  shape: (given: Application, from: readonly number[]) => number[],
): Operator =>
(given) => [
  tf.reshape(given.x[0]!.tensor(), shape(given, given.x[0]!.shape)),
];

const same = unary((x) => x);

/** The operators that have derivatives, by name. */
export const OPERATORS: Readonly<Record<string, Operator>> = {
  Add: folded(tf.add),
  Sum: folded(tf.add),
  Sub: folded(tf.sub),
  Mul: folded(tf.mul),
  Div: folded(tf.div),
  Max: folded(tf.maximum),
  Min: folded(tf.minimum),
  Pow: power,
  MatMul: folded(matMul),
  Gemm: gemm,
  Gather: gather,
  Slice: slice,
  Split: split,
  Where: where,
  Clip: clip,
  Concat: ({ node, x }) => [
    tf.concat(x.map((operand) => operand!.tensor()), numberOf(node, "axis", 0)),
  ],
  Transpose: ({ node, x: [x] }) => {
    const perm = node.attribute.find(({ name }) => name === "perm")?.ints;
    return [tf.transpose(x!.tensor(), perm?.map(Number))];
  },
  Reshape: shaped(reshapedTo),
  Flatten: shaped(({ node }, from) => {
    const axis = axisOf(numberOf(node, "axis", 1), from.length);
    return [product(from.slice(0, axis)), product(from.slice(axis))];
  }),
  Squeeze: shaped((given, from) => {
    const axes = numbersOf(given, "axes", 1)?.map((a) =>
      axisOf(a, from.length)
    );
    return from.filter((d, i) => axes ? !axes.includes(i) : d !== 1);
  }),
  Unsqueeze: shaped((given, from) => {
    const axes = numbersOf(given, "axes", 1)!;
    const rank = from.length + axes.length;
    const new_ = new Set(axes.map((axis) => axisOf(axis, rank)));
    const left = [...from];
    return Array.from(
      { length: rank },
      (_, i) => new_.has(i) ? 1 : left.shift()!,
    );
  }),
  Expand: ({ x: [x, shape] }) => [
    expanded(
      x!.tensor(),
      tf.broadcast_util.assertAndGetBroadcastShape(
        [...x!.shape],
        [...constantOf(shape!, "shape")],
      ),
    ),
  ],
  ReduceMean: reduced(tf.mean),
  ReduceSum: reduced(tf.sum),
  ReduceMax: reduced(tf.max),
  LayerNormalization: layerNormalization,
  BatchNormalization: batchNormalization,
  Softmax: alongAxis((x) => tf.softmax(x)),
  LogSoftmax: alongAxis((x) => tf.logSoftmax(x)),
  Identity: same,
  Dropout: same,
  Cast: same,
  CastLike: same,
  Relu: unary((x) => tf.relu(x)),
  Gelu: unary(gelu),
  LeakyRelu: unary((x, node) =>
    tf.sub(
      tf.relu(x),
      tf.mul(
        castLike(scalar(numberOf(node, "alpha", 0.01)), x),
        tf.relu(tf.neg(x)),
      ),
    )
  ),
  PRelu: ({ x: [x, slope] }) => [
    tf.sub(
      tf.relu(x!.tensor()),
      tf.mul(slope!.tensor(), tf.relu(tf.neg(x!.tensor()))),
    ),
  ],
  Neg: unary(tf.neg),
  Sqrt: unary(tf.sqrt),
  Exp: unary(tf.exp),
  Log: unary(tf.log),
  Reciprocal: unary(tf.reciprocal),
  Sin: unary(tf.sin),
  Cos: unary(tf.cos),
  Tanh: unary(tf.tanh),
  // ONNX Runtime 1.30 fuses x · sigmoid(x) to an operator that it has in float32
  // only: what is negated twice it does not take for x.
  Sigmoid: unary((x) => tf.sigmoid(tf.neg(tf.neg(x)))),
  Softplus: unary(tf.softplus),
  Erf: unary(tf.erf),
};
