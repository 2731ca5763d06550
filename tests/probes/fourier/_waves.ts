/**
 * What is known of a network that waves made.
 *
 * @module
 */

import { assertAlmostEquals } from "@std/assert";

export const p = 11;

// log Σ_c exp(z_c) − z_0 of logits z_c = Σ α_k cos(w_k c), the same for every pair.
export function waveLoss(
  alphas: Readonly<Record<number, number>>,
  n = p,
): number {
  const z = Array.from(
    { length: n },
    (_, c) =>
      Object.entries(alphas).reduce(
        (sum, [k, a]) => sum + a * Math.cos(2 * Math.PI * Number(k) * c / n),
        0,
      ),
  );
  return Math.log(z.reduce((sum, x) => sum + Math.exp(x), 0)) - z[0]!;
}

// Sums of some hundred terms of size 1 in float64.
export const near = (x: number | null | undefined, y: number, what?: string) =>
  assertAlmostEquals(x!, y, 1e-10, what);
