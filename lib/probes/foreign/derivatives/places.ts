/**
 * Operators of ONNX that take and move numbers, as TensorFlow.js functions.
 *
 * @module
 */

import * as tf from "../../../base/tfjs.ts";
import { embed } from "../../../../models/model.ts";
import {
  type Application,
  axisOf,
  constantOf,
  NoDerivative,
  numberOf,
  numbersOf,
  product,
} from "./operand.ts";

/** Gather: rows of a table, or of any axis. */
export function gather(
  { node, x: [table, indices] }: Application,
): tf.Tensor[] {
  const x = table!.tensor();
  const axis = axisOf(numberOf(node, "axis", 0), x.rank);
  const length = x.shape[axis]!;
  const places = [...constantOf(indices!, "index")]
    .map((i) => i < 0 ? i + length : i);
  const shape = [
    ...x.shape.slice(0, axis),
    ...indices!.shape,
    ...x.shape.slice(axis + 1),
  ];
  // Rows of a table: the axis first, the others as one.
  const axes = x.shape.map((_, i) => i);
  const order = [axis, ...axes.filter((i) => i !== axis)];
  const first = axis === 0 ? x : tf.transpose(x, order);
  const width = x.size / length;
  const rows = embed(
    tf.reshape(first, [length, width]) as tf.Tensor2D,
    tf.tensor1d(places, "int32"),
  );
  if (axis === 0) return [tf.reshape(rows, shape)];
  const rest = x.shape.filter((_, i) => i !== axis);
  const back = [...rest.keys()].map((i) => i + 1);
  back.splice(axis, 0, 0);
  const found = tf.reshape(rows, [places.length, ...rest]);
  return [tf.reshape(tf.transpose(found, back), shape)];
}

/** Slice in steps of 1. */
export function slice(given: Application): tf.Tensor[] {
  const x = given.x[0]!.tensor();
  const starts = numbersOf(given, "starts", 1)!;
  const ends = numbersOf(given, "ends", 2)!;
  const axes = numbersOf(given, "axes", 3) ?? [...starts.keys()];
  const steps = numbersOf(given, "steps", 4) ?? starts.map(() => 1);
  if (steps.some((step) => step !== 1)) {
    throw new NoDerivative("it takes steps that are not 1");
  }
  const begin = x.shape.map(() => 0);
  const size = [...x.shape];
  axes.forEach((given, i) => {
    const axis = axisOf(given, x.rank);
    const d = x.shape[axis]!;
    const place = (at: number) =>
      Math.min(Math.max(at < 0 ? at + d : at, 0), d);
    begin[axis] = place(starts[i]!);
    size[axis] = Math.max(0, place(ends[i]!) - begin[axis]!);
  });
  return [tf.slice(x, begin, size)];
}

/** Split, into equal parts or given ones. */
export function split(given: Application): tf.Tensor[] {
  const x = given.x[0]!.tensor();
  const axis = axisOf(numberOf(given.node, "axis", 0), x.rank);
  const count = given.node.output.length;
  const each = Math.ceil(x.shape[axis]! / count);
  const sizes = numbersOf(given, "split", 1) ??
    Array.from(
      { length: count },
      (_, i) => Math.min(each, x.shape[axis]! - i * each),
    );
  return tf.split(x, sizes, axis);
}

/** The lengths that Reshape gives. */
export function reshapedTo(
  given: Application,
  from: readonly number[],
): number[] {
  const wanted = [...constantOf(given.x[1]!, "shape")];
  const allowZero = numberOf(given.node, "allowzero", 0);
  const lengths = wanted.map((d, i) => d === 0 && !allowZero ? from[i]! : d);
  const rest = product(lengths.filter((d) => d !== -1));
  return lengths.map((d) => d === -1 ? product(from) / rest : d);
}
