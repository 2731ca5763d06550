/**
 * The trig identity of a modular network's logits.
 *
 * @module
 */

import { cyclicOf } from "./anatomy.ts";
import type { ProbeContext } from "./context.ts";
import { finite } from "./probe.ts";
import { type LogitWaves, wavesOf } from "./waves.ts";

/** Logits as Σ_k α_k cos(w_k(s − c)), with s the answer's index and c the class's. */
export interface TrigIdentity {
  /** α_k of each frequency. */
  readonly amplitudes: readonly number[];
  /** Share of the logits' variance in each term; null where nothing varies. */
  readonly shares: readonly (number | null)[];
  /** Share in all of them. */
  readonly explained: number | null;
}

/**
 * α_k = ⟨z, cos(w_k(s − c))⟩/‖cos(w_k(s − c))‖² over the group's pairs and classes:
 * least squares, as these waves are orthogonal. Their norm² is n³/2, at k = n/2 n³.
 * Of each row of logits its mean is taken off first.
 *
 * Source: Nanda et al. (arXiv 2301.05217), Section 4.2.
 *
 * @param context The checkpoint.
 * @param waves Its logits' waves.
 * @param keys The frequencies.
 */
export async function trigIdentity(
  context: ProbeContext,
  { order: n, byAnswer, classes }: LogitWaves,
  keys: readonly number[],
): Promise<TrigIdentity> {
  const { rows, residues } = cyclicOf(context);
  const logits = await context.logits();
  let variance = 0;
  for (const row of rows) {
    let sum = 0;
    let squares = 0;
    for (const c of residues) {
      const z = logits.data[row * logits.columns + c]!;
      sum += z;
      squares += z * z;
    }
    variance += squares - sum * sum / n;
  }
  const amplitudes = keys.map((k) => {
    const { cos } = wavesOf(k, n);
    let inner = 0;
    for (let s = 0; s < n; s++) {
      for (let c = 0; c < n; c++) {
        inner += byAnswer[s * classes + residues[c]!]! *
          cos[(s - c + n) % n]!;
      }
    }
    return inner / (2 * k === n ? n * n : n * n / 2);
  });
  const parts = amplitudes.map((alpha, i) =>
    alpha ** 2 * (2 * keys[i]! === n ? n ** 3 : n ** 3 / 2)
  );
  return {
    amplitudes,
    shares: parts.map((part) => finite(part / variance)),
    explained: finite(parts.reduce((a, b) => a + b, 0) / variance),
  };
}
