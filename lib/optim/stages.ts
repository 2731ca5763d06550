/**
 * The small stages of optimizers: momentum, weight decay, learning rate.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
import { scalar } from "../trace/precision.ts";
import {
  type GradientTransformation,
  newCount,
  type Params,
  stateless,
  zerosLike,
  zipTrees,
} from "./transform.ts";

/**
 * Adds a share of the weights to the updates: u + λw. Before the optimizer's
 * rescaling this is L2 regularisation, after it decoupled weight decay
 * (Loshchilov & Hutter, arXiv 1711.05101).
 *
 * @param weightDecay λ.
 */
export function addDecayedWeights(weightDecay: number): GradientTransformation {
  return stateless((updates, params) =>
    weightDecay === 0 ? updates : zipTrees(
      (u, w) => tf.add(u, tf.mul(scalar(weightDecay), w)),
      updates,
      params,
    )
  );
}

/**
 * Heavy-ball momentum without dampening, as PyTorch's SGD has it:
 * b ← μb + g, u = b.
 *
 * @param momentum μ.
 */
export function scaleByMomentum(
  momentum: number,
): GradientTransformation<{ readonly velocity: Params }> {
  return {
    init: (params) => ({ velocity: zerosLike(params) }),
    update(gradients, state) {
      const velocity = zipTrees(
        (b, g) => tf.add(tf.mul(scalar(momentum), b), g),
        state.velocity,
        gradients,
      );
      return [velocity, { velocity }];
    },
  };
}

/**
 * Multiplies updates by −η, η growing linearly from 0 over the first updates:
 * update t (t = 0, 1, …) takes η · min(t/warmup, 1).
 *
 * @param learningRate η.
 * @param warmup Updates until the full rate; 0 for none.
 */
export function scaleByLearningRate(
  learningRate: number,
  warmup = 0,
): GradientTransformation {
  const descend = (rate: tf.Tensor, updates: Params) =>
    zipTrees((u) => tf.mul(rate, u), updates);
  if (warmup === 0) {
    return stateless((updates) => descend(scalar(-learningRate), updates));
  }
  return {
    init: (params) => ({ count: newCount(params) }),
    update(updates, state) {
      const count = state["count"] as tf.Tensor;
      const share = tf.minimum(tf.div(count, scalar(warmup)), scalar(1));
      const rate = tf.mul(share, scalar(-learningRate));
      return [descend(rate, updates), { count: tf.add(count, scalar(1)) }];
    },
  };
}
