/**
 * Operators of ONNX that compute element by element, as TensorFlow.js functions.
 *
 * @module
 */

import * as tf from "../../../base/tfjs.ts";
import { castLike, scalar } from "../../../trace/precision.ts";
import type { NodeProto } from "../../../onnx/file/model.ts";
import {
  type Application,
  constantOf,
  NoDerivative,
  numberOf,
  type Operand,
} from "./operand.ts";

/** Where; a branch that no weight goes into may be infinite where it is not taken. */
export function where({ x: [condition, yes, no] }: Application): tf.Tensor[] {
  const flags = constantOf(condition!, "condition");
  const like = (yes!.known ? no! : yes!).tensor();
  const mask = (flags: Float64Array) =>
    castLike(tf.tensor([...flags], [...condition!.shape], "float32"), like);
  const part = (operand: Operand, kept: Float64Array) => {
    const chosen = mask(kept);
    if (!operand.known) return tf.mul(operand.tensor(), chosen);
    if (kept.every((flag) => flag === 0)) return chosen;
    // Infinite or not, in its places only.
    const finite = operand.known.every(Number.isFinite);
    if (finite) return tf.mul(operand.tensor(), chosen);
    if (operand.known.length !== 1) {
      throw new NoDerivative("it puts several infinite numbers in");
    }
    return castLike(
      tf.tensor(
        [...kept].map((flag) => flag ? operand.known![0]! : 0),
        [...condition!.shape],
      ),
      like,
    );
  };
  return [tf.add(part(yes!, flags), part(no!, flags.map((f) => 1 - f)))];
}

/** Pow, by products where the exponent is small and whole. */
export function power({ x: [base, exponent] }: Application): tf.Tensor[] {
  const x = base!.tensor();
  const known = exponent!.known;
  if (known?.length !== 1) return [tf.pow(x, exponent!.tensor())];
  if (known[0] === 1) return [x];
  if (known[0] === 2) return [tf.square(x)];
  if (known[0] === 3) return [tf.mul(x, tf.square(x))];
  if (known[0] === 0.5) return [tf.sqrt(x)];
  return [tf.pow(x, exponent!.tensor())];
}

/** Clip, with bounds that are known. */
export function clip(given: Application): tf.Tensor[] {
  const { node, x: [x, low, high] } = given;
  const bound = (name: string, operand: Operand | undefined, none: number) =>
    operand ? constantOf(operand, name)[0]! : numberOf(node, name, none);
  const [min, max] = [
    bound("min", low, -Infinity),
    bound("max", high, Infinity),
  ];
  let y = x!.tensor();
  if (min === 0) y = tf.relu(y);
  else if (min > -3e38) y = tf.maximum(y, castLike(scalar(min), y));
  return [max < 3e38 ? tf.minimum(y, castLike(scalar(max), y)) : y];
}

/** Gelu, by erf or by tanh. */
export function gelu(x: tf.Tensor, node: NodeProto): tf.Tensor {
  const number = (value: number) => castLike(scalar(value), x);
  const found = node.attribute.find(({ name }) => name === "approximate")?.s;
  const inner = found && new TextDecoder().decode(found) === "tanh"
    ? tf.tanh(tf.mul(
      number(Math.sqrt(2 / Math.PI)),
      tf.add(x, tf.mul(number(0.044715), tf.mul(x, tf.square(x)))),
    ))
    : tf.erf(tf.mul(x, number(Math.SQRT1_2)));
  return tf.mul(tf.mul(x, number(0.5)), tf.add(number(1), inner));
}
