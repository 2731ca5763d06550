/**
 * The trig identity of a modular network's logits.
 *
 * @module
 */

import { finite, mean } from "../../numeric/statistics.ts";
import type { ProbeContext } from "../context/context.ts";
import { cyclicOf } from "./anatomy.ts";
import { type LogitsInWaves, wavesOf } from "./waves.ts";

/** Logits as Σ_k α_k cos(w_k(s − c)), with s the answer's index and c the class's. */
export interface TrigIdentity {
  /** α_k of each frequency. */
  readonly amplitudes: readonly number[];
  /** Share of the logits' variance in each term; null where nothing varies. */
  readonly shares: readonly (number | null)[];
  /** Share in all of them. */
  readonly explained: number | null;
  /** Share in cos(w_k(s + c) + φ) of each frequency, φ as it fits best. */
  readonly mirrored: readonly (number | null)[];
  /** Share that s and c decide: in the mean over the pairs of the same answer. */
  readonly ofAnswer: number | null;
}

/**
 * α_k = ⟨z, cos(w_k(s − c))⟩/‖cos(w_k(s − c))‖² over the group's pairs and classes:
 * least squares, as these waves are orthogonal. Their norm² is n³/2, at k = n/2 n³.
 * Of each row of logits its mean is taken off first.
 *
 * A wave that stands, cos(w_k s + ψ)·cos(w_k c + χ), is half of it one of s − c and
 * half one of s + c. Two that stand a quarter apart make one that travels.
 *
 * Source: Nanda et al. (arXiv 2301.05217), Section 4.2.
 *
 * @param context The checkpoint.
 * @param waves Its logits' waves.
 * @param keys The frequencies.
 */
export function trigIdentity(
  context: ProbeContext,
  { order: n, byAnswer, classes, variance }: LogitsInWaves,
  keys: readonly number[],
): TrigIdentity {
  const { residues } = cyclicOf(context);
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
  const squared = keys.map((k) => {
    const { cos, sin } = wavesOf(k, n);
    let [onCos, onSin] = [0, 0];
    for (let s = 0; s < n; s++) {
      for (let c = 0; c < n; c++) {
        const z = byAnswer[s * classes + residues[c]!]!;
        onCos += z * cos[(s + c) % n]!;
        onSin += z * sin[(s + c) % n]!;
      }
    }
    // At k = n/2 waves of s + c are those of s − c.
    return 2 * k === n ? 0 : (onCos ** 2 + onSin ** 2) / (n / 2);
  });
  let decided = 0;
  for (let s = 0; s < n; s++) {
    const row = Array.from(residues, (c) => byAnswer[s * classes + c]!);
    const middle = mean(row);
    decided += n * row.reduce((sum, z) => sum + (z - middle) ** 2, 0);
  }
  const parts = amplitudes.map((alpha, i) =>
    alpha ** 2 * (2 * keys[i]! === n ? n ** 3 : n ** 3 / 2)
  );
  return {
    amplitudes,
    shares: parts.map((part) => finite(part / variance)),
    explained: finite(parts.reduce((a, b) => a + b, 0) / variance),
    mirrored: squared.map((part) => finite(part / variance)),
    ofAnswer: finite(decided / variance),
  };
}
