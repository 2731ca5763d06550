/**
 * Softmax cross-entropy in float16, float32 or float64.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import { checkOptions, type Checks, number, only } from "../base/options.ts";
import type { FloatDType } from "../numeric/tensor.ts";
import {
  decay,
  notNegative,
  positive,
  type Setting,
} from "../settings/setting.ts";
import { greatest } from "../trace/operators/finite_extremes.ts";
import { scalar, toPrecision } from "../trace/precision.ts";
import {
  defineLoss,
  type Loss,
  type LossDefinition,
  oneHot,
  pick,
} from "./loss.ts";
import { computeIn } from "./measures.ts";

// z − max z and Σ exp(z − max z), of logits that are rounded to the precision
// and divided by the temperature.
function shifted(
  logits: tf.Tensor2D,
  precision: FloatDType,
  temperature: number,
) {
  const given = rounded(logits, precision);
  const z = temperature === 1
    ? given
    : rounded(tf.div(given, scalar(temperature)), precision);
  const most = greatest(z, 1, true);
  const d = tf.sub(z, most) as tf.Tensor2D;
  const sum = rounded(tf.sum(tf.exp(d), 1, true), precision);
  return { given, most, d, sum };
}

// softmax(z/T): in float16 from the rounded log p.
function probabilities(
  { d, sum }: Pick<ReturnType<typeof shifted>, "d" | "sum">,
  precision: FloatDType,
): tf.Tensor2D {
  return precision === "float16"
    ? tf.exp(rounded(tf.sub(d, rounded(tf.log(sum), precision)), precision))
    : tf.div(tf.exp(d), sum);
}

// Rounds to the precision, and goes on in the type that it is computed in.
function rounded(x: tf.Tensor, precision: FloatDType): tf.Tensor2D {
  const y = toPrecision(toPrecision(x, precision), computeIn(precision));
  return y as tf.Tensor2D;
}

// log Z = max z/T + log Σ exp(z/T − max z/T)
const logPartitionAt =
  (temperature: number): NonNullable<Loss["logPartition"]> =>
  (logits, precision) => {
    const { most, d, sum } = shifted(logits, precision, temperature);
    const logSum = rounded(tf.log(sum), precision);
    return {
      logZ: rounded(tf.add(most, logSum), precision),
      slope: tf.mul(
        probabilities({ d, sum }, precision),
        scalar(1 / temperature),
      ),
    };
  };

/** What softmax cross-entropy may be changed by. */
export interface SoftmaxOptions {
  /** α: the share of each target that is spread evenly over all classes. */
  readonly labelSmoothing?: number;
  /** T: what the logits are divided by. */
  readonly temperature?: number;
  /** λ: the weight of the squared norm of each row's logits. */
  readonly logitPenalty?: number;
}

const SOFTMAX: Checks<SoftmaxOptions> = {
  labelSmoothing: number,
  temperature: number,
  logitPenalty: number,
};

/**
 * Softmax cross-entropy of K classes at a temperature T, with label smoothing α
 * and a penalty λ on the norm of the logits; by default with none of them:
 *
 *     t = (1 − α)·onehot(y) + α/K
 *     L = −Σₖ tₖ log softmax(z/T)ₖ + λ‖z‖²
 *     ∂L/∂z = (softmax(z/T) − t)/T + 2λz
 *
 * In float16 it rounds where PyTorch's `log_softmax(z.half())` on CPU, its
 * backward and the mean round: the logits, z/T, Σ exp, its logarithm, log p, and
 * the gradient with the 1/n of the mean in it, whose small entries vanish there.
 * Label smoothing and penalty are added in float32 and rounded with the result.
 *
 * Sources: Prieto et al. (arXiv 2501.04697), Section 3 and Appendices C.1 (which
 * gives no formula for its penalty) and F; Szegedy et al. (arXiv 1512.00567),
 * Section 7, for label smoothing as PyTorch's `cross_entropy` has it.
 *
 * @param options α in [0, 1), T above 0, λ of 0 or more.
 * @throws {UsageError} if an option is unknown, or is not what it must be.
 */
export function softmaxCrossEntropy(
  options: SoftmaxOptions = {},
): Loss {
  checkOptions("softmaxCrossEntropy()", options, SOFTMAX);
  const { labelSmoothing = 0, temperature = 1, logitPenalty = 0 } = options;
  return {
    name: "softmax",
    precisions: ["float16", "float32", "float64"],
    temperature,

    logPartition: logPartitionAt(temperature),

    // −log pₖ = log Σ exp(z − max z) − (zₖ − max z)
    terms(logits, labels, precision) {
      const { given, d, sum } = shifted(logits, precision, temperature);
      const logSum = tf.squeeze<tf.Tensor1D>(
        rounded(tf.log(sum), precision),
        [1],
      );
      const own = pick(d, labels);
      const target = labelSmoothing === 0 ? own : tf.add(
        tf.mul(scalar(1 - labelSmoothing), own),
        tf.mul(scalar(labelSmoothing), tf.mean(d, 1)),
      );
      const entropy = tf.sub(logSum, target);
      const terms = logitPenalty === 0 ? entropy : tf.add(
        entropy,
        tf.mul(scalar(logitPenalty), tf.sum(tf.square(given), 1)),
      );
      return toPrecision(terms, precision) as tf.Tensor1D;
    },

    gradient(logits, labels, precision, count) {
      const { given, d, sum } = shifted(logits, precision, temperature);
      const classes = logits.shape[1];
      const hot = oneHot(labels, classes);
      const target = labelSmoothing === 0 ? hot : tf.add(
        tf.mul(scalar(1 - labelSmoothing), hot),
        scalar(labelSmoothing / classes),
      );
      const p = probabilities({ d, sum }, precision);
      const weight = rounded(scalar(1 / count), precision);
      const entropy = tf.mul(tf.sub(p, target), weight);
      const cooled = temperature === 1
        ? entropy
        : tf.div(entropy, scalar(temperature));
      const gradient = logitPenalty === 0 ? cooled : tf.add(
        cooled,
        tf.mul(tf.mul(scalar(2 * logitPenalty), given), weight),
      );
      return toPrecision(gradient, precision) as tf.Tensor2D;
    },
  };
}

/** Softmax cross-entropy, −log softmax(z)[y]. */
export const softmax: Loss = softmaxCrossEntropy();

/**
 * exp(z_k − max z) as a softmax of a precision has them: in float16 the
 * differences and the exponentials are rounded.
 *
 * @param logits [n, classes].
 * @param precision The precision.
 * @param temperature What the softmax divides the logits by.
 * @returns [n, classes], in the type that the precision is computed in.
 */
export function exponentials(
  logits: tf.Tensor2D,
  precision: FloatDType,
  temperature = 1,
): tf.Tensor2D {
  const { d } = shifted(logits, precision, temperature);
  return rounded(tf.exp(rounded(d, precision)), precision);
}

/**
 * Which samples are in Softmax Collapse: Σ_k exp(z_k − max z) is exactly 1 in
 * the given precision, every exponential but the largest being lost.
 *
 * @param logits [n, classes].
 * @param precision The precision. In float16 the differences, the exponentials
 * and the sum are rounded; the additions run in float32.
 * @param temperature What the softmax divides the logits by.
 * @returns [n], bool. Source: Prieto et al. (arXiv 2501.04697), Section 3.
 */
export function collapsed(
  logits: tf.Tensor2D,
  precision: FloatDType,
  temperature = 1,
): tf.Tensor1D {
  const e = exponentials(logits, precision, temperature);
  const sum = rounded(tf.sum(e, 1), precision);
  return tf.equal(sum, tf.onesLike(sum));
}

/** Softmax cross-entropy's settings. */
export type SoftmaxSettings = {
  readonly labelSmoothing: Setting<number>;
  readonly temperature: Setting<number>;
  readonly logitPenalty: Setting<number>;
};

/** Softmax cross-entropy as a config names it. */
export const softmaxDefinition: LossDefinition<SoftmaxSettings> = defineLoss({
  summary: "softmax cross-entropy",
  settings: {
    labelSmoothing: decay(
      0,
      "<α>",
      "softmax: the share of each target spread over all classes",
    ),
    temperature: positive(1, "<T>", "softmax: what the logits are divided by"),
    logitPenalty: notNegative(
      0,
      "<λ>",
      "softmax: weight of the logits' mean squared norm in the loss",
    ),
  },
  precisions: softmax.precisions,
  make: (settings) => softmaxCrossEntropy(only(settings, SOFTMAX)),
});
