/**
 * What is always measured: losses, accuracies, collapse, and the lengths and the
 * angle of weights and gradient.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import { mean } from "../losses/mod.ts";
import { correct, fraction } from "../losses/measures.ts";
import { collapsed } from "../losses/softmax.ts";
import { greatest, least } from "../trace/operators/finite_extremes.ts";
import { widen } from "../trace/precision.ts";
import type { Columns, GraphMetrics } from "./group.ts";
import { cosNegative, dotAll, normAll } from "./vectors.ts";

/** The basic metrics, in the order in which they are logged. */
export const basicNames = [
  "train_loss",
  "train_accuracy",
  "test_loss",
  "test_accuracy",
  "softmax_collapse",
  "zero_terms",
  "weight_norm",
  "gradient_norm",
  "cos_weight_neg_gradient",
  "logit_scale",
] as const;

/** The basic metrics; behind those of the test set come other sets' own. */
export const basic: GraphMetrics = {
  summary: "losses, accuracies, collapse, norms, cos(w, −grad)",
  make:
    ({ config: { lossPrecision: precision }, loss: { temperature } }) =>
    ({ params, gradients, train, others }) => {
      const hasClasses = train.classes !== undefined;
      const weightNorm = normAll(params);
      const gradientNorm = normAll(gradients);
      const sets: Columns[] = Object.entries({ train, ...others })
        .map(([name, { terms, byRow }]) => ({
          [`${name}_loss`]: mean(terms, precision),
          ...(hasClasses && {
            [`${name}_accuracy`]: fraction(byRow(correct)),
          }),
        }));
      // Of a row the largest |z| without a tensor of them.
      const largest = (z: tf.Tensor2D) =>
        tf.maximum(greatest(z, 1), tf.neg(least(z, 1))) as tf.Tensor1D;
      return {
        ...Object.assign({}, ...sets),
        ...(hasClasses && {
          softmax_collapse: fraction(
            train.byRow((z) => collapsed(z, precision, temperature)),
          ),
        }),
        zero_terms: fraction(tf.equal(train.terms, tf.zerosLike(train.terms))),
        weight_norm: weightNorm,
        gradient_norm: gradientNorm,
        cos_weight_neg_gradient: cosNegative(
          dotAll(params, gradients),
          weightNorm,
          gradientNorm,
        ),
        logit_scale: tf.mean(widen(train.byRow(largest))),
      };
    },
};
