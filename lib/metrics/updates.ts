/**
 * What the update does to the weights: its length, and how much of it is lost.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import { byTensor, type GraphMetrics } from "./group.ts";
import { flaggedShares, norm, normAll } from "./vectors.ts";

/**
 * ‖Δ‖, ‖Δ‖/‖θ‖, and the share of the weights that Δ leaves as they are because
 * w + Δ rounds to w (weights whose Δ is 0 among them), for all weights and for
 * each parameter tensor. Where the weights are all zero the ratio is not
 * defined.
 *
 * Source: Prieto et al. (arXiv 2501.04697), Appendix C, Figure 10.
 */
export const updates: GraphMetrics = {
  summary: "length of the update, its ratio to the weights, absorbed updates",
  make: () => ({ params, updates, next }) => ({
    update_norm: normAll(updates),
    ...byTensor("update_norm", norm, updates),
    update_to_weight: tf.div(normAll(updates), normAll(params)),
    ...byTensor(
      "update_to_weight",
      (w, u) => tf.div(norm(u!), norm(w!)),
      params,
      updates,
    ),
    ...flaggedShares(
      "absorbed_updates",
      (w, v) => tf.equal(w!, v!),
      params,
      next,
    ),
  }),
};
