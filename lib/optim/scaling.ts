/**
 * The small stages of optimizers: momentum, weight decay, learning rate.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import { scalar } from "../trace/precision.ts";
import type { Schedule } from "./schedule.ts";
import {
  type GradientTransformation,
  newCount,
  type Params,
  stateless,
  zerosLike,
  zipTrees,
} from "./transform.ts";

/** A rate that is known while tracing, or one that the graph is given. */
export type Rate = number | tf.Tensor;

/**
 * Adds a share of the weights to the updates: u + λw. Before the optimizer's
 * rescaling this is L2 regularisation, after it decoupled weight decay
 * (Loshchilov & Hutter, arXiv 1711.05101).
 *
 * @param weightDecay λ, as a number or a tensor [] of the model's type.
 */
export function addDecayedWeights(weightDecay: Rate): GradientTransformation {
  const rate = () =>
    typeof weightDecay === "number" ? scalar(weightDecay) : weightDecay;
  return stateless((updates, params) =>
    weightDecay === 0 ? updates : zipTrees(
      (u, w) => tf.add(u, tf.mul(rate(), w)),
      updates,
      params,
    )
  );
}

/**
 * Takes a share of the weights from updates that are scaled already: u − s·λw, s
 * being the schedule's share of the full rate, but not the rate itself.
 *
 * Source: Loshchilov & Hutter (arXiv 1711.05101), Algorithm 2, whose decay is not
 * multiplied by the learning rate; Wortsman et al. (arXiv 2309.14322), Section 3.2.2.
 *
 * @param weightDecay λ, as a number or a tensor [] of the model's type.
 * @param schedule s by the number of the update; by default always 1.
 */
export function decayIndependently(
  weightDecay: Rate,
  schedule?: Schedule,
): GradientTransformation {
  const full = () =>
    typeof weightDecay === "number" ? scalar(weightDecay) : weightDecay;
  const decayed = (rate: tf.Tensor, updates: Params, params: Params) =>
    zipTrees((u, w) => tf.sub(u, tf.mul(rate, w)), updates, params);
  if (weightDecay === 0) return stateless((updates) => updates);
  if (!schedule) {
    return stateless((updates, params) => decayed(full(), updates, params));
  }
  return {
    init: (params) => ({ count: newCount(params) }),
    update(updates, state, params) {
      const count = state["count"] as tf.Tensor;
      const rate = tf.mul(schedule(count), full());
      const next = { count: tf.add(count, scalar(1)) };
      return [decayed(rate, updates, params), next];
    },
  };
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
 * Multiplies updates by −η, or by the share of it that a schedule gives them.
 *
 * @param learningRate η, as a number or a tensor [] of the model's type.
 * @param schedule The share by the number of the update; by default always 1.
 */
export function scaleByLearningRate(
  learningRate: Rate,
  schedule?: Schedule,
): GradientTransformation {
  const full = () =>
    typeof learningRate === "number"
      ? scalar(-learningRate)
      : tf.neg(learningRate);
  const descend = (rate: tf.Tensor, updates: Params) =>
    zipTrees((u) => tf.mul(rate, u), updates);
  if (!schedule) return stateless((updates) => descend(full(), updates));
  return {
    init: (params) => ({ count: newCount(params) }),
    update(updates, state) {
      const count = state["count"] as tf.Tensor;
      const rate = tf.mul(schedule(count), full());
      return [descend(rate, updates), { count: tf.add(count, scalar(1)) }];
    },
  };
}
