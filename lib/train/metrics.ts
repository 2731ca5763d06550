/**
 * What is measured at an evaluation, as one function of tensors.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
import type { FloatDType } from "../trace/graph.ts";
import { widen } from "../trace/precision.ts";
import { accuracy, collapsed, fraction, mean } from "../losses/mod.ts";
import { dot, norm, type Params } from "../optim/mod.ts";

/** The metrics that a step computes, in the order in which they are logged. */
export const metricNames = [
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

/** The name of a metric. */
export type MetricName = (typeof metricNames)[number];

/** The metrics as scalars; see docs/metrics.md for formulas. */
export type Metrics<T = number> = { readonly [name in MetricName]: T };

/** What a model and a loss make of rows. */
export interface Rows {
  /** Logits, [n, classes]. */
  readonly logits: tf.Tensor2D;
  /** Labels, [n]. */
  readonly labels: tf.Tensor1D;
  /** The loss of each row, [n], in the loss's precision. */
  readonly terms: tf.Tensor1D;
}

/** What metrics are computed from. */
export interface Measured {
  /** The parameters. */
  readonly params: Params;
  /** Gradient of the train loss at these parameters. */
  readonly gradients: Params;
  /** The train rows. */
  readonly train: Rows;
  /** The test rows. */
  readonly test: Rows;
  /** What the loss is computed in. */
  readonly lossPrecision: FloatDType;
  /** What the loss's softmax divides the logits by, if not 1. */
  readonly temperature?: number | undefined;
}

/** Computes every metric of one state, each a scalar. */
export function measure(measured: Measured): Metrics<tf.Tensor> {
  const { params, gradients, lossPrecision: precision } = measured;
  const { train, test } = measured;
  const weightNorm = norm(params);
  const gradientNorm = norm(gradients);
  return {
    train_loss: mean(train.terms, precision),
    train_accuracy: accuracy(train.logits, train.labels),
    test_loss: mean(test.terms, precision),
    test_accuracy: accuracy(test.logits, test.labels),
    softmax_collapse: fraction(
      collapsed(train.logits, precision, measured.temperature),
    ),
    zero_terms: fraction(tf.equal(train.terms, tf.zerosLike(train.terms))),
    weight_norm: weightNorm,
    gradient_norm: gradientNorm,
    // Where one of them is zero there is no angle: 0/0 is NaN, logged as null.
    cos_weight_neg_gradient: tf.neg(
      tf.div(
        tf.div(dot(params, gradients), weightNorm),
        gradientNorm,
      ),
    ),
    logit_scale: tf.mean(widen(tf.max(tf.abs(train.logits), 1))),
  };
}
