/**
 * Operators of ONNX that compute along axes, as TensorFlow.js functions.
 *
 * @module
 */

import * as tf from "../../../base/tfjs.ts";
import { castLike, scalar } from "../../../trace/precision.ts";
import {
  type Application,
  axisOf,
  NoDerivative,
  numberOf,
  numbersOf,
  type Operator,
  product,
} from "./operand.ts";

/**
 * A function along one axis, which it is given last; before version 13 along all
 * axes from there on as one.
 */
export const alongAxis =
  (f: (x: tf.Tensor) => tf.Tensor): Operator =>
  ({ node, x: [operand], opset }) => {
    const x = operand!.tensor();
    const axis = axisOf(numberOf(node, "axis", opset < 13 ? 1 : -1), x.rank);
    if (opset < 13) {
      const rows = product(x.shape.slice(0, axis));
      const flat = tf.reshape(x, [rows, product(x.shape.slice(axis))]);
      return [tf.reshape(f(flat), x.shape)];
    }
    if (axis === x.rank - 1) return [f(x)];
    const order = x.shape.map((_, i) => i);
    [order[axis], order[x.rank - 1]] = [order[x.rank - 1]!, order[axis]!];
    return [tf.transpose(f(tf.transpose(x, order)), order)];
  };

/** What sums or chooses along axes. */
export const reduced =
  (f: (x: tf.Tensor, axes: number[], keep: boolean) => tf.Tensor): Operator =>
  (given) => {
    const x = given.x[0]!.tensor();
    const axes = numbersOf(given, "axes", 1);
    if (!axes?.length && numberOf(given.node, "noop_with_empty_axes", 0)) {
      return [x];
    }
    const over = (axes?.length ? axes : x.shape.map((_, i) => i))
      .map((axis) => axisOf(axis, x.rank));
    return [f(x, over, numberOf(given.node, "keepdims", 1) === 1)];
  };

/** LayerNormalization: zero mean and unit variance along the last axes. */
export function layerNormalization({ node, x }: Application): tf.Tensor[] {
  const [input, scale, bias] = x.map((operand) => operand?.tensor());
  const axis = axisOf(numberOf(node, "axis", -1), input!.rank);
  const axes = input!.shape.map((_, i) => i).slice(axis);
  const centred = tf.sub(input!, tf.mean(input!, axes, true));
  const variance = tf.mean(tf.square(centred), axes, true);
  const epsilon = scalar(numberOf(node, "epsilon", 1e-5));
  const normal = tf.div(
    centred,
    tf.sqrt(tf.add(variance, castLike(epsilon, variance))),
  );
  const scaled = tf.mul(normal, scale!);
  return [bias ? tf.add(scaled, bias) : scaled];
}

/** BatchNormalization as in evaluation: mean and variance are given. */
export function batchNormalization({ node, x }: Application): tf.Tensor[] {
  if (numberOf(node, "training_mode", 0)) {
    throw new NoDerivative("it takes the statistics of its batch");
  }
  const [input, ...given] = x.map((operand) => operand!.tensor());
  const channels = input!.shape.map((d, i) => i === 1 ? d : 1);
  const [scale, bias, mean, variance] = given.map((v) =>
    tf.reshape(v, channels)
  );
  const epsilon = scalar(numberOf(node, "epsilon", 1e-5));
  const deviation = tf.sqrt(tf.add(variance!, castLike(epsilon, variance!)));
  const normal = tf.div(tf.sub(input!, mean!), deviation);
  return [tf.add(tf.mul(normal, scale!), bias!)];
}
