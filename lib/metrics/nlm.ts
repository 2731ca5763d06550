/**
 * The update beside naïve loss minimisation.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import { zipTrees } from "../optim/mod.ts";
import { castLike, scalar } from "../trace/precision.ts";
import type { Columns, GraphMetrics, Measured } from "./group.ts";
import { normAll } from "./vectors.ts";

/**
 * The train loss after the update, θ + Δ, and after a step of the same length
 * along the weights, θ + ‖Δ‖·θ/‖θ‖, which does nothing but scale the logits of a
 * homogeneous network up.
 *
 * Source: Prieto et al. (arXiv 2501.04697), Section 4.2, naïve loss
 * minimisation.
 */
export function nlmLosses(
  { params, updates, next, lossAt }: Pick<
    Measured,
    "params" | "updates" | "next" | "lossAt"
  >,
): Columns {
  const factor = tf.add(
    scalar(1),
    tf.div(normAll(updates), normAll(params)),
  );
  const scaled = zipTrees((w) => tf.mul(w, castLike(factor, w)), params);
  return {
    train_loss_after_update: lossAt(next),
    train_loss_after_nlm: lossAt(scaled),
  };
}

/** {@link nlmLosses} of a training step. */
export const nlm: GraphMetrics = {
  summary: "train loss after the update, and after scaling the weights as far",
  make: () => nlmLosses,
};
