/**
 * What unconstrained features come to under squared error and L2 regularisation: the
 * general orthogonal frame, by formula.
 *
 * @module
 */

import type { Config } from "../../config/config.ts";

/** A class at the minimum. */
export interface FramePrediction {
  /** ‖w_k‖², of the classifier's vector. */
  readonly classifier_square: number;
  /** ‖h_k‖², of each of the class's rows. */
  readonly mean_square: number;
  /** w_k·h_k, the logit of the label. */
  readonly dot: number;
  /** Whether w_k and h_k are 0: N²·λ_W·λ_H/n_k ≥ 1. */
  readonly vanishes: boolean;
}

/** λ_W and λ_H of the objective below. */
export interface FrameDecay {
  /** λ_W. */
  readonly classifier: number;
  /** λ_H. */
  readonly features: number;
}

/**
 * The minimum of
 *
 *     1/(2N)·‖WH − Y‖² + λ_W/2·‖W‖² + λ_H/2·‖H‖²
 *
 * over W, [K, d], and H, [d, N], d ≥ K, with one-hot Y and n_k columns of class k:
 * the columns of a class are one vector h_k, w_j·w_k = h_j·h_k = w_j·h_k = 0, and
 *
 *     ‖w_k‖² = √(n_k·λ_H/λ_W) − N·λ_H        w_k·h_k = 1 − N·√(λ_W·λ_H/n_k)
 *
 * with n_k·λ_H·‖h_k‖² = λ_W·‖w_k‖². Where N²·λ_W·λ_H/n_k ≥ 1 both vectors are 0.
 *
 * Source: Dang et al. (arXiv 2301.00437) on the general orthogonal frame; this form,
 * with its bound, is derived here: with W and H of singular values that balance, each
 * class is min_s (1 − s)²·n_k/(2N) + √(λ_W·λ_H·n_k)·s over s = w_k·h_k ≥ 0.
 *
 * @param counts n_k.
 * @param decay λ_W and λ_H, above 0.
 */
export function generalOrthogonalFrame(
  counts: readonly number[],
  { classifier, features }: FrameDecay,
): FramePrediction[] {
  const N = counts.reduce((a, b) => a + b, 0);
  return counts.map((n) => {
    const vanishes = N ** 2 * classifier * features / n >= 1;
    if (vanishes) {
      return { classifier_square: 0, mean_square: 0, dot: 0, vanishes };
    }
    const square = Math.sqrt(n * features / classifier) - N * features;
    return {
      classifier_square: square,
      mean_square: square * classifier / (n * features),
      dot: 1 - N * Math.sqrt(classifier * features / n),
      vanishes,
    };
  });
}

// How many times the loss is in the objective's first term.
const SCALES = {
  "squared-error": () => 1,
  mse: (classes: number) => classes / 2,
};

/**
 * λ_W and λ_H of a run whose minimum {@link generalOrthogonalFrame} is; undefined of
 * another. `squared-error` is the objective's first term; `mse` is 2/K times that, and
 * so are its decays.
 *
 * @param config The run's.
 * @param classes K.
 */
export function frameDecayOf(
  config: Config,
  classes: number,
): FrameDecay | undefined {
  const { model, loss, weightDecay, weightDecayKind, optimizer } = config;
  const l2 = weightDecayKind === "l2" ||
    (weightDecayKind === null && ["sgd", "adam"].includes(optimizer));
  const others = config.l1 !== 0 || config.constantNorm || config.perpGrad ||
    config.outputScale !== 1 || config.correctLogitScale !== 1 ||
    (config.featureDistance ?? 0) !== 0;
  const { featureDecay = weightDecay, featureWidth = classes } = config;
  if (model !== "free-features" || !(loss in SCALES) || !l2 || others) return;
  if (featureWidth < classes || weightDecay === 0 || featureDecay === 0) return;
  const scale = SCALES[loss as keyof typeof SCALES](classes);
  return { classifier: scale * weightDecay, features: scale * featureDecay };
}
