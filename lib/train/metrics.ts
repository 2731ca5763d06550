/**
 * What is measured at an evaluation, as one function of tensors.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
import type { FloatDType } from "../trace/graph.ts";
import { widen } from "../trace/precision.ts";
import { leavesOf } from "../tree.ts";
import {
  accuracy,
  collapsed,
  fraction,
  type Loss,
  mean,
} from "../losses/mod.ts";
import type { Params } from "../optim/mod.ts";

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

/** What metrics are computed from. */
export interface Measured {
  /** The parameters. */
  readonly params: Params;
  /** Gradient of the train loss at these parameters. */
  readonly gradients: Params;
  /** Logits of the train rows, [n, classes]. */
  readonly trainLogits: tf.Tensor2D;
  /** Their labels, [n]. */
  readonly trainLabels: tf.Tensor1D;
  /** Logits of the test rows, [m, classes]. */
  readonly testLogits: tf.Tensor2D;
  /** Their labels, [m]. */
  readonly testLabels: tf.Tensor1D;
  /** The loss. */
  readonly loss: Loss;
  /** What the loss is computed in. */
  readonly lossPrecision: FloatDType;
}

/** Computes every metric of one state, each a scalar. */
export function measure(measured: Measured): Metrics<tf.Tensor> {
  const { params, gradients, loss, lossPrecision: precision } = measured;
  const { trainLogits, trainLabels, testLogits, testLabels } = measured;
  const terms = loss.terms(trainLogits, trainLabels, precision);
  const testTerms = loss.terms(testLogits, testLabels, precision);
  const weightNorm = norm(params);
  const gradientNorm = norm(gradients);
  return {
    train_loss: mean(terms, precision),
    train_accuracy: accuracy(trainLogits, trainLabels),
    test_loss: mean(testTerms, precision),
    test_accuracy: accuracy(testLogits, testLabels),
    softmax_collapse: fraction(collapsed(trainLogits, precision)),
    zero_terms: fraction(tf.equal(terms, tf.zerosLike(terms))),
    weight_norm: weightNorm,
    gradient_norm: gradientNorm,
    // Where one of them is zero there is no angle: 0/0 is NaN, logged as null.
    cos_weight_neg_gradient: tf.neg(
      tf.div(
        tf.div(dot(params, gradients), weightNorm),
        gradientNorm,
      ),
    ),
    logit_scale: tf.mean(widen(tf.max(tf.abs(trainLogits), 1))),
  };
}

// Sums over the whole parameter vector; in float64, because the squares of
// gradients after softmax collapse fall below float32's range.
function dot(a: Params, b: Params): tf.Tensor {
  const bs = leavesOf<tf.Tensor>(b);
  return leavesOf<tf.Tensor>(a)
    .map(([, x], i) => tf.sum(tf.mul(widen(x), widen(bs[i]![1]))))
    .reduce((sum, x) => tf.add(sum, x));
}

const norm = (x: Params) => tf.sqrt(dot(x, x));
