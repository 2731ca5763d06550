/**
 * Where an optimizer's steps begin to grow: its edge of stability.
 *
 * @module
 */

import type { Config } from "../../config/config.ts";
import type { Objective } from "../../engine/objective.ts";
import type { Vector } from "../../numeric/lanczos.ts";
import { toNumbers } from "../../numeric/tensor.ts";
import type { Tensors } from "../../runs/states.ts";

/** Where an optimizer's steps begin to grow along a curvature. */
export interface Edge {
  /** The curvature; null where no formula is known. */
  readonly threshold: number | null;
  /** The formula. */
  readonly formula: string;
  /** Whether it is the preconditioned Hessian's. */
  readonly preconditions: boolean;
}

/** That of a file of which only rows and loss are told. */
export const UNKNOWN_EDGE: Edge = {
  threshold: null,
  formula: "none: nothing says its optimizer and learning rate",
  preconditions: false,
};

/**
 * The edge of stability of a config's optimizer at a learning rate η.
 *
 * @param config The config.
 * @param rate η.
 */
export function edgeOf(config: Config, rate: number): Edge {
  const { optimizer, beta1, momentum, lrOverGradientNorm } = config;
  if (lrOverGradientNorm) {
    return {
      threshold: null,
      formula: "none: the rate is divided by the gradient's norm",
      preconditions: false,
    };
  }
  if (optimizer === "adam" || optimizer === "adamw") {
    return {
      threshold: 2 * (1 + beta1) / ((1 - beta1) * rate),
      formula: "2(1 + β₁)/((1 − β₁)η)",
      preconditions: true,
    };
  }
  if (optimizer === "sgd") {
    return {
      threshold: 2 * (1 + momentum) / rate,
      formula: momentum === 0 ? "2/η" : "2(1 + μ)/η",
      preconditions: false,
    };
  }
  return {
    threshold: null,
    formula: `none known for ${optimizer}`,
    preconditions: false,
  };
}

/**
 * P^−½, from the second moments that the optimizer's file holds by path; without
 * them undefined.
 */
export function rootOfPreconditioner(
  { beta2, eps }: Config,
  { parts, size }: Objective,
  state: Tensors | undefined,
): { root: Vector; left_out: number } | undefined {
  const find = (path: string) =>
    Object.entries(state ?? {}).find(([key]) =>
      key === path || key.endsWith(`.${path}`)
    );
  const root = new Float64Array(size);
  let left_out = 0;
  for (const { path, begin } of parts) {
    const found = find(`nu.${path}`);
    if (!found) return undefined;
    const [key, nu] = found;
    const count = state![`${key.slice(0, -`nu.${path}`.length)}count`];
    if (!count) return undefined;
    const correction = 1 - beta2 ** toNumbers(count)[0]!;
    toNumbers(nu).forEach((v, i) => {
      const p = Math.sqrt(v / correction) + eps;
      // Nothing has ever moved it, and nothing says how far it would go.
      if (p > 0) root[begin + i] = 1 / Math.sqrt(p);
      else left_out++;
    });
  }
  return { root, left_out };
}

/** What to mind in reading the curvature of a config's loss. */
export function notesOn(config: Config, lacksState: boolean): string[] {
  const { optimizer, perpGrad, weightDecay, batchSize } = config;
  return [
    ...(lacksState
      ? [
        `${optimizer} sees a preconditioned Hessian; its second moment lies in ` +
        "the run's optimizer folder, and there is none here",
      ]
      : []),
    ...(perpGrad
      ? ["⊥Grad takes a part of the gradient: the edge is that without it"]
      : []),
    ...(weightDecay > 0
      ? ["weight decay is no part of the Hessian: it adds to every eigenvalue"]
      : []),
    ...(batchSize !== null
      ? ["it trains on batches: the Hessian is that of all train rows"]
      : []),
  ];
}
