/**
 * What a loss is, and how its closed-form gradient enters automatic
 * differentiation.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import type { FloatDType } from "../numeric/tensor.ts";
import type { Component, Settings, Values } from "../settings/setting.ts";
import { isTracing } from "../trace/backend.ts";
import { castLike } from "../trace/precision.ts";
import { mean } from "./measures.ts";

/**
 * A loss of logits and labels in a choice of precisions. The model keeps its own
 * precision: only what stands inside the loss is computed in the loss's.
 */
export interface Loss {
  /** Its name in a config. */
  readonly name: string;
  /** The precisions in which it is defined. */
  readonly precisions: readonly FloatDType[];
  /**
   * What its softmax divides the logits by, 1 where nothing is said: collapse is
   * measured there.
   */
  readonly temperature?: number;
  /**
   * Whether it is one of targets too: real numbers, [n, outputs], that stand where
   * the labels of classes do.
   */
  readonly regression?: boolean;
  /**
   * Of a softmax the logarithm of its partition function, log Z = log Σₖ exp(zₖ/T),
   * and the gradient of that with respect to the logits. Losses that have none are
   * made of no Z, or of another one than a softmax's.
   *
   * @param logits [n, classes], any floating type.
   * @param precision What to round to; both are in the type that this is computed
   * in.
   * @returns log Z, [n, 1], and ∂log Z/∂z, [n, classes].
   */
  logPartition?(
    logits: tf.Tensor2D,
    precision: FloatDType,
  ): { readonly logZ: tf.Tensor2D; readonly slope: tf.Tensor2D };
  /**
   * The loss of each sample.
   *
   * @param logits [n, classes], any floating type.
   * @param labels [n], integer, in 0..classes-1.
   * @param precision What to compute in.
   * @returns [n], in `precision`.
   */
  terms(
    logits: tf.Tensor2D,
    labels: tf.Tensor1D,
    precision: FloatDType,
  ): tf.Tensor1D;
  /**
   * The gradient with respect to the logits of the terms' sum over a count: of
   * their mean, where the count is n.
   *
   * @returns [n, classes], in `precision`.
   */
  gradient(
    logits: tf.Tensor2D,
    labels: tf.Tensor1D,
    precision: FloatDType,
    count: number,
  ): tf.Tensor2D;
}

/** A loss as a config names it. */
export interface LossDefinition<S extends Settings = Settings>
  extends Component<S> {
  /** The precisions in which it is defined. */
  readonly precisions: readonly FloatDType[];
  /** The loss with its constants. */
  make(config: Values<S>): Loss;
}

/**
 * A loss definition, typed by its settings.
 *
 * ```ts
 * import { defineLoss, positive } from "@groklab/groklab";
 * import { softmaxCrossEntropy } from "@groklab/groklab/losses";
 * import { assertEquals } from "@std/assert";
 *
 * // Softmax cross-entropy of flatter logits: z / T.
 * const warm = defineLoss({
 *   summary: "softmax at a temperature",
 *   settings: { warmth: positive(2, "<T>", "warm: temperature T") },
 *   precisions: ["float32", "float64"],
 *   make: ({ warmth }) => softmaxCrossEntropy({ temperature: warmth }),
 * });
 * assertEquals(warm.make({ warmth: 3 }).temperature, 3);
 * ```
 *
 * @param definition The definition, which is given back.
 */
export function defineLoss<const S extends Settings>(
  definition: LossDefinition<S>,
): LossDefinition<S> {
  return definition;
}

/** The definition of a loss that has no constants. */
export type PlainLoss = LossDefinition<Record<never, never>>;

/**
 * The definition of a loss that has no constants.
 *
 * @param loss The loss.
 * @param summary What it is, in a few words, for `--help`.
 */
export function plainLoss(loss: Loss, summary: string): PlainLoss {
  const { precisions } = loss;
  return defineLoss({ summary, settings: {}, precisions, make: () => loss });
}

/**
 * The mean of the loss terms as a differentiable scalar in `precision`, whose
 * gradient is the loss's own closed form. Of a part of a batch, with the whole
 * batch's number of rows as its count, it is that part's share of the mean.
 *
 * ```ts
 * import { meanLoss, stableMax } from "@groklab/groklab/losses";
 * import { hostTensorOf, runTraced } from "@groklab/groklab/onnx";
 * import { assertEquals } from "@std/assert";
 * import type * as tf from "@tensorflow/tfjs-core";
 *
 * const { loss } = await runTraced(
 *   ({ z, y }) => ({
 *     loss: meanLoss(stableMax, "float64")(z as tf.Tensor2D, y as tf.Tensor1D),
 *   }),
 *   {
 *     z: hostTensorOf("float64", [1, 2], [0, 0]),
 *     y: hostTensorOf("int32", [1], [1]),
 *   },
 * );
 * assertEquals(loss!.data[0], Math.log(2));
 * ```
 *
 * @param loss The loss.
 * @param precision What to compute it in.
 * @throws {RangeError} if the loss is not defined in that precision.
 * @throws {TypeError} when it is computed, if its terms are not [n] or its gradient
 * is not [n, classes].
 */
export function meanLoss(
  loss: Loss,
  precision: FloatDType,
): (
  logits: tf.Tensor2D,
  labels: tf.Tensor1D,
  count?: number,
) => tf.Scalar {
  if (!loss.precisions.includes(precision)) {
    throw new RangeError(
      `Cannot compute the ${loss.name} loss in ${precision}: ` +
        `it is defined in ${loss.precisions.join(", ")}`,
    );
  }
  return (logits, labels, count = logits.shape[0]) =>
    tf.customGrad((z, labels, save) => {
      const [logits, y] = [z as tf.Tensor2D, labels as tf.Tensor1D];
      (save as tf.GradSaveFunc)([logits, y]);
      return {
        value: mean(
          shaped(
            loss.terms(logits, y, precision),
            [logits.shape[0]],
            loss,
            "terms",
          ),
          precision,
          count,
        ),
        gradFunc: (dy, saved) => {
          const [logits, y] = saved as [tf.Tensor2D, tf.Tensor1D];
          const gradient = shaped(
            loss.gradient(logits, y, precision, count),
            logits.shape,
            loss,
            "gradient",
          );
          return [
            tf.mul(castLike(gradient, logits), castLike(dy, logits)),
            tf.zerosLike(y), // Labels have no gradient, but must be given one.
          ];
        },
      };
    })(logits, labels) as tf.Scalar;
}

// A mean would be taken of numbers of any shape, and mean something else.
function shaped<T extends tf.Tensor>(
  x: T,
  wanted: readonly number[],
  { name }: Loss,
  part: "terms" | "gradient",
): T {
  if (x instanceof tf.Tensor && x.shape.join() === wanted.join()) return x;
  const found = x instanceof tf.Tensor ? `[${x.shape}]` : String(x);
  throw new TypeError(
    `Cannot compute the ${name} loss: the shape of its ${part} is ${found}, ` +
      `wanted [${wanted}]`,
  );
}

/** The one-hot matrix of the labels, [n, classes]. */
export function oneHot(labels: tf.Tensor1D, classes: number): tf.Tensor2D {
  return tf.oneHot(labels, classes) as tf.Tensor2D;
}

/** The element of each row that the labels name: [n, classes], [n] → [n]. */
export function pick(x: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D {
  return tf.gather<tf.Tensor>(x, labels, 1, 1) as tf.Tensor1D;
}

/**
 * x with the element of each row that the labels name replaced: [n, classes],
 * [n], [n] → [n, classes].
 */
export function put(
  x: tf.Tensor2D,
  labels: tf.Tensor1D,
  values: tf.Tensor1D,
): tf.Tensor2D {
  if (!isTracing()) {
    const there = tf.cast(oneHot(labels, x.shape[1]), "bool");
    return tf.where(there, tf.expandDims(values, 1), x);
  }
  const rows = tf.tensor1d([...Array(x.shape[0]).keys()], "int32");
  const places = tf.stack([rows, tf.cast(labels, "int32")], 1);
  return tf.tensorScatterUpdate(x, places, values) as tf.Tensor2D;
}
