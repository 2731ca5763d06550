/**
 * The curvature that steps of gradient descent meet behind ⊥Grad.
 *
 * @module
 */

import type { Config } from "../../config/config.ts";
import type { Objective } from "../../engine/objective.ts";
import { dot, type SymmetricMap, type Vector } from "../../numeric/lanczos.ts";

// Where a tensor lies in the vector of all parameters, with what ⊥Grad makes there.
interface Group {
  readonly begin: number;
  readonly end: number;
  /** θ·g/‖θ‖². */
  readonly pull: number;
  /** By what the projected gradient is lengthened: 1 unless renormalised. */
  readonly factor: number;
}

/**
 * How the projected gradient g⊥ = g − (θ·g/‖θ‖²)θ of gradient descent with ⊥Grad
 * changes along directions that are perpendicular to θ, where it acts on the
 * gradient of a config whose tensors it takes one by one or all together:
 *
 *     ∂g⊥/∂v = (H − c)v,  projected,   c = θ·g/‖θ‖²,   v ⊥ θ
 *
 * so the matrix is P(H − c)P with P the projection of each tensor. Scaled back to
 * the gradient's length, s = ‖g‖/‖g⊥‖, it is S^½P(H − c)PS^½ with s as it is there.
 * The term −c is what turning the projection adds: a gradient that points
 * against the weights (θ·g < 0, the logits want to grow) makes every curvature
 * larger by |c|.
 *
 * Our own derivation; ⊥Grad is Eq. 11 and 12 of Prieto et al. (arXiv 2501.04697).
 *
 * @param config The run's.
 * @param objective The loss of all train rows.
 * @param times H.
 * @returns Undefined where ⊥Grad does not act on the gradient of plain SGD, or takes
 * several tensors as one.
 */
export async function perpCurvature(
  { perpGrad, perpAt, perpScope, perpRenormalise, perpProjections, optimizer }:
    Config,
  objective: Objective,
  times: SymmetricMap,
): Promise<SymmetricMap | undefined> {
  if (
    !perpGrad || perpAt !== "gradient" || optimizer !== "sgd" ||
    perpProjections === "joint"
  ) return undefined;
  const { at: theta, parts, size } = objective;
  const gradient = await objective.gradient(theta);
  const places = perpScope === "global" ? [{ begin: 0, end: size }] : parts;
  const groups = places.map(({ begin, end }): Group => {
    const w = theta.subarray(begin, end);
    const g = gradient.subarray(begin, end);
    const square = dot(w, w);
    const pull = square > 0 ? dot(w, g) / square : 0;
    const left = g.map((x, i) => x - pull * w[i]!);
    const length = Math.sqrt(dot(left, left));
    const factor = perpRenormalise && length > 0
      ? Math.sqrt(dot(g, g)) / length
      : 1;
    return { begin, end, pull, factor };
  });
  // S^½P: the parts of each tensor across θ, times √s.
  const across = (v: Vector): Vector => {
    const made = v.slice();
    for (const { begin, end, factor } of groups) {
      const w = theta.subarray(begin, end);
      const own = made.subarray(begin, end);
      const square = dot(w, w);
      const share = square > 0 ? dot(w, own) / square : 0;
      own.forEach((x, i) => own[i] = Math.sqrt(factor) * (x - share * w[i]!));
    }
    return made;
  };
  return async (v) => {
    const inside = across(v);
    const curved = (await times(inside)).slice() as Vector;
    for (const { begin, end, pull } of groups) {
      for (let i = begin; i < end; i++) curved[i]! -= pull * inside[i]!;
    }
    return across(curved);
  };
}
