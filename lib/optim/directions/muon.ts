/**
 * Muon: orthogonalised momentum.
 *
 * @module
 */

import * as tf from "../../base/tfjs.ts";
import { choice, type Setting } from "../../settings/setting.ts";
import { castLike, scalar } from "../../trace/precision.ts";
import {
  checkOptions,
  type Checks,
  number,
  oneOf,
  only,
} from "../../base/options.ts";
import { ADAM, scaleByAdam } from "./adam.ts";
import type { OptimizerDefinition } from "../definition.ts";
import { defineDescent } from "../descent.ts";
import { norm } from "../norm.ts";
import { partition } from "../partition.ts";
import {
  type AdamSettings,
  adamSettings,
  type DescentSettings,
} from "../settings.ts";
import {
  ema,
  type GradientTransformation,
  type Params,
  zerosLike,
  zipTrees,
} from "../transform.ts";

// Chosen by Jordan for the steepest slope at 0: singular values end near 1, in
// about 0.7 to 1.2, not at it.
const [A, B, C] = [3.4445, -4.775, 2.0315];
const ITERATIONS = 5;

/**
 * A matrix with its singular values brought close to 1, by five turns of a
 * quintic Newton–Schulz iteration:
 *
 *     X = G/max(‖G‖, ε)        X ← aX + (bXXᵀ + c(XXᵀ)²)X
 *
 * @param g [m, n], computed in its own type (PyTorch's Muon: in bfloat16).
 * @param eps ε.
 */
export function newtonSchulz(g: tf.Tensor2D, eps: number): tf.Tensor2D {
  const wide = g.shape[0] <= g.shape[1];
  const length = castLike(norm({ g }), g);
  let x = tf.div<tf.Tensor2D>(g, tf.maximum(length, scalar(eps)));
  for (let i = 0; i < ITERATIONS; i++) {
    // The smaller of XXᵀ and XᵀX: what it is multiplied to is the same.
    const gram = tf.matMul(x, x, !wide, wide);
    const polynomial = tf.add<tf.Tensor2D>(
      tf.mul(scalar(B), gram),
      tf.mul(scalar(C), tf.matMul(gram, gram)),
    );
    const turned = wide ? tf.matMul(polynomial, x) : tf.matMul(x, polynomial);
    x = tf.add(tf.mul(scalar(A), x), turned);
  }
  return x;
}

/** How Muon's updates are scaled by the shape of a matrix. */
export type MuonScale = "original" | "match_rms_adamw";

// Of a matrix [in, out], which PyTorch's layers hold as [out, in].
const SCALE: Readonly<
  Record<MuonScale, (inputs: number, outputs: number) => number>
> = {
  original: (inputs, outputs) => Math.sqrt(Math.max(1, outputs / inputs)),
  match_rms_adamw: (inputs, outputs) =>
    0.2 * Math.sqrt(Math.max(inputs, outputs)),
};

/** Muon's constants. */
export interface MuonOptions {
  /** μ, the decay of the momentum. */
  readonly beta1: number;
  /** ε, the least length that a matrix is divided by. */
  readonly eps: number;
  /** What an update is multiplied by. */
  readonly muonScale: MuonScale;
}

const MUON: Checks<MuonOptions> = {
  beta1: number,
  eps: number,
  muonScale: oneOf(["original", "match_rms_adamw"]),
};

/**
 * Orthogonalised Nesterov momentum of matrices:
 *
 *     m ← μm + (1 − μ)g        u = s · NS(μm + (1 − μ)g)
 *
 * NS being {@link newtonSchulz}, and s either √max(1, out/in) or, for the same
 * root mean square as AdamW's updates, 0.2·√max(in, out).
 *
 * Sources: Jordan (kellerjordan.github.io/posts/muon); Liu et al. (arXiv
 * 2502.16982), Eq. 4, for the second scale; as PyTorch's Muon with Nesterov
 * momentum, which computes NS in bfloat16.
 *
 * @param options μ, ε and s.
 * @throws {UsageError} if an option is unknown, or is not what it must be.
 */
export function scaleByMuon(
  options: MuonOptions,
): GradientTransformation<{ readonly mu: Params }> {
  const needed = ["beta1", "eps", "muonScale"] as const;
  checkOptions("scaleByMuon()", options, MUON, needed);
  const { beta1, eps, muonScale } = options;
  return {
    init: (params) => ({ mu: zerosLike(params) }),
    update(gradients, state) {
      const mu = zipTrees((m, g) => ema(beta1, m, g), state.mu, gradients);
      const updates = zipTrees(
        (m, g) => {
          const [inputs, outputs] = g.shape as [number, number];
          const u = newtonSchulz(ema(beta1, m, g) as tf.Tensor2D, eps);
          return tf.mul(scalar(SCALE[muonScale](inputs, outputs)), u);
        },
        mu,
        gradients,
      );
      return [updates, { mu }];
    },
  };
}

/** Muon's settings. */
export type MuonSettings = DescentSettings & AdamSettings & {
  readonly muonScale: Setting<MuonScale>;
};

/**
 * Muon for matrices and Adam for all other tensors, at the same rates: μ is
 * `beta1`.
 */
export const muon: OptimizerDefinition<MuonSettings> = defineDescent({
  summary: "Muon for matrices, Adam for other tensors, by default with " +
    "decoupled weight decay",
  settings: {
    ...adamSettings,
    muonScale: choice(
      ["original", "match_rms_adamw"],
      "original",
      "<name>",
      "Muon's factor for a matrix: original (√max(1, out/in)) or " +
        "match_rms_adamw (0.2·√max(in, out))",
    ),
  },
  decay: "decoupled",
  direction: (options) =>
    partition(
      ({ length }) => length === 2,
      scaleByMuon(only(options, MUON)),
      scaleByAdam(only(options, ADAM)),
    ),
});
