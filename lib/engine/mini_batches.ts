/**
 * Mini-batches, drawn inside the step.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import { wordsOf } from "../numeric/random.ts";
import { type Draw, randomOrder } from "../trace/random.ts";
import type { Batch } from "../../models/batch.ts";

/** The order of the train rows in an epoch. */
export type Epoch = {
  /** Its number, []. */
  readonly number: tf.Tensor;
  /** The rows as they come, [rows]; the same throughout the epoch. */
  readonly order: tf.Tensor1D;
  /** How many batches it has, []. */
  readonly batches: tf.Tensor;
};

const PURPOSE = wordsOf("batches");

/**
 * The batch of a step. In each epoch the rows come in a new random order, none
 * twice; those that are left over in the end, fewer than a batch, sit it out
 * (PyTorch's `drop_last`).
 *
 * @param draw Seed and step.
 * @param train All train rows.
 * @param size How many of them make a batch.
 */
export function drawBatch(
  draw: Draw,
  train: Batch,
  size: number,
): { readonly batch: Batch; readonly epoch: Epoch } {
  const { time } = draw;
  const rows = train.labels.shape[0]!;
  const count = Math.floor(rows / size);
  const counted = (n: number) => tf.scalar(n, "int32");
  // Eagerly the step is a number, and so must the epoch be.
  const [number, index] = typeof time === "number"
    ? [Math.floor(time / count), counted(time % count)]
    : [tf.floorDiv(time, counted(count)), tf.mod(time, counted(count))];
  const order = randomOrder({ ...draw, time: number } as Draw, PURPOSE, rows);
  const batches = tf.reshape(tf.slice(order, 0, count * size), [count, size]);
  const chosen = tf.gather(batches, index as tf.Scalar) as tf.Tensor1D;
  return {
    batch: {
      inputs: tf.gather(train.inputs, chosen),
      labels: tf.gather(train.labels, chosen),
    },
    epoch: {
      number: typeof number === "number" ? counted(number) : number,
      order,
      batches: counted(count),
    },
  };
}
