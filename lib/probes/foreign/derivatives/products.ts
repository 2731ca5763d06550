/**
 * Products of ONNX as TensorFlow.js functions.
 *
 * @module
 */

import * as tf from "../../../base/tfjs.ts";
import { castLike, scalar } from "../../../trace/precision.ts";
import { type Application, expanded, numberOf, product } from "./operand.ts";

/** MatMul: two axes at the end; batches in front are made equal, and one axis. */
export function matMul(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  if (a.rank === 1) {
    const y = matMul(tf.reshape(a, [1, a.size]), b);
    return tf.reshape(y, y.shape.filter((_, i) => i !== y.rank - 2));
  }
  if (b.rank === 1) {
    const y = matMul(a, tf.reshape(b, [b.size, 1]));
    return tf.reshape(y, y.shape.slice(0, -1));
  }
  const [m, k] = a.shape.slice(-2) as [number, number];
  const n = b.shape.at(-1)!;
  if (b.rank === 2) {
    const rows = product(a.shape.slice(0, -1));
    const y = tf.matMul(
      tf.reshape(a, [rows, k]) as tf.Tensor2D,
      b as tf.Tensor2D,
    );
    return tf.reshape(y, [...a.shape.slice(0, -1), n]);
  }
  const batch = tf.broadcast_util.assertAndGetBroadcastShape(
    a.shape.slice(0, -2),
    b.shape.slice(0, -2),
  );
  const flat = (x: tf.Tensor) => {
    const own = x.shape.slice(-2) as [number, number];
    const full = expanded(x, [...batch, ...own]);
    return tf.reshape(full, [product(batch), ...own]) as tf.Tensor3D;
  };
  return tf.reshape(tf.matMul(flat(a), flat(b)), [...batch, m, n]);
}

/** Gemm: α A B + β C, A and B as they lie or transposed. */
export function gemm({ node, x: [a, b, c] }: Application): tf.Tensor[] {
  const turned = (x: tf.Tensor, flag: string) =>
    numberOf(node, flag, 0) ? tf.transpose(x) : x;
  const scaled = (x: tf.Tensor, name: string) => {
    const factor = numberOf(node, name, 1);
    return factor === 1 ? x : tf.mul(x, castLike(scalar(factor), x));
  };
  const ab = scaled(
    matMul(turned(a!.tensor(), "transA"), turned(b!.tensor(), "transB")),
    "alpha",
  );
  return [c ? tf.add(ab, scaled(c.tensor(), "beta")) : ab];
}
