/**
 * What a forward pass does in training only: dropout, and statistics of the
 * batch. Models are given a {@link Mode} while they are trained and none when
 * they are evaluated or written into a checkpoint.
 *
 * @module
 */

import * as tf from "../lib/base/tfjs.ts";
import { wordsOf } from "../lib/numeric/random.ts";
import { type Draw, keepMask, type RowRange } from "../lib/trace/random.ts";

/** What training offers a model's forward pass. */
export interface Mode {
  /**
   * A dropout mask: 1/(1 − rate) where an element is kept, 0 where it is
   * dropped; another one in every step, and for every name.
   *
   * @param name What is dropped, once in a forward pass: the name of its hook.
   * @param rate Probability of being dropped, in (0, 1).
   * @param shape [batch, …], or [batch · k, …] where the k parts of a row follow
   * each other.
   */
  mask(name: string, rate: number, shape: readonly number[]): tf.Tensor;
  /**
   * What a buffer holds after the step: a leaf of {@link Model.buffers}.
   *
   * @param path The buffer's path.
   * @param value Its contents, of the same shape.
   */
  update(path: string, value: tf.Tensor): void;
}

/** A mode that keeps what the model did with it. */
export interface RecordingMode extends Mode {
  /** Whether the model asked for anything: else it computes as in evaluation. */
  readonly used: boolean;
  /** The updated buffers by path; whoever started it disposes of them. */
  readonly updates: ReadonlyMap<string, tf.Tensor>;
}

/**
 * The mode of one forward pass.
 *
 * @param draw Seed and step.
 * @param range Which rows of the batch go through the model.
 */
export function trainingMode(draw: Draw, range: RowRange): RecordingMode {
  const updates = new Map<string, tf.Tensor>();
  let masks = 0;
  return {
    get used() {
      return masks + updates.size > 0;
    },
    updates,
    mask(name, rate, shape) {
      masks += 1;
      const size = shape.reduce((product, d) => product * d, 1);
      const purpose = wordsOf(`dropout/${name}`);
      const mask = keepMask(draw, purpose, rate, range, size / range.rows);
      return tf.reshape(mask, [...shape]);
    },
    update(path, value) {
      // It leaves the gradient's scope.
      updates.set(path, tf.keep(value));
    },
  };
}
