/**
 * Key frequencies: the few that a network computes with, by three rules.
 *
 * @module
 */

import { UsageError } from "../../base/errors.ts";
import { maxOf } from "../../base/extremes.ts";
import type { Matrix } from "../../numeric/matrix.ts";
import { finite } from "../../numeric/statistics.ts";
import { integers, nullable, type Setting } from "../../settings/setting.ts";
import type { ProbeContext } from "../context/context.ts";
import {
  cyclicOf,
  embeddingsOf,
  type Named,
  neuronHooksOf,
  neuronLogitMapOf,
} from "./anatomy.ts";
import { clustersOf, neuronShare, spectrum2dOf } from "./neurons.ts";
import {
  components,
  cosRow,
  frequencies,
  frequencyCount,
  gini,
} from "./spectra.ts";

/** The spectrum of a matrix whose rows are a group's elements. */
export interface Spectrum {
  /** The weight that it was taken of. */
  readonly weight: string;
  /** Norm of the constant component. */
  readonly constant_norm: number;
  /** Norm of each cosine component, k = 1, 2, …, ⌊n/2⌋. */
  readonly cos_norms: readonly number[];
  /** Norm of each sine component; 0 at k = n/2, where there is none. */
  readonly sin_norms: readonly number[];
  /** Frequencies with a component norm above a quarter of the largest. */
  readonly key_frequencies: readonly number[];
  /**
   * Their share of the squared norm of all components but the constant; null
   * where all are 0.
   */
  readonly power_share: number | null;
  /**
   * Gini coefficient of the component norms but the constant's, 0..1; null where
   * all are 0.
   */
  readonly gini: number | null;
}

/**
 * The spectrum of a matrix: norms ‖F·W‖ row by row, F the orthonormal Fourier
 * basis of the group.
 *
 * Source: Nanda et al. (arXiv 2301.05217), Section 4.1.
 *
 * @param weight What it is of.
 * @param matrix [n, columns].
 */
export function spectrum(weight: string, matrix: Matrix): Spectrum {
  const { rows: n, columns, data } = components(matrix);
  const norms = Array.from({ length: n }, (_, i) => {
    const row = data.subarray(i * columns, (i + 1) * columns);
    return Math.sqrt(row.reduce((sum, x) => sum + x * x, 0));
  });
  const ks = frequencies(n);
  const cos = ks.map((k) => norms[cosRow(k)]!);
  const sin = ks.map((k) => norms[cosRow(k) + 1] ?? 0); // k = n/2 has no sine
  const largest = maxOf(norms.slice(1));
  const keys = ks.filter((_, i) => Math.max(cos[i]!, sin[i]!) > largest / 4);
  const power = (k: number) => cos[k - 1]! ** 2 + sin[k - 1]! ** 2;
  const sum = (ks: readonly number[]) =>
    ks.reduce((total, k) => total + power(k), 0);
  return {
    weight,
    constant_norm: norms[0]!,
    cos_norms: cos,
    sin_norms: sin,
    key_frequencies: keys,
    power_share: finite(sum(keys) / sum(ks)),
    gini: finite(gini(norms.slice(1))),
  };
}

/** Key frequencies by each rule, and together. */
export interface KeyFrequencies {
  /**
   * By at least two of the rules that apply; where one applies, by that; null where
   * none does, the network having nothing of a name that they read.
   */
  readonly key_frequencies: readonly number[] | null;
  /** What each rule says; null where the network lacks what it reads. */
  readonly rules: {
    /**
     * The frequencies to which hidden neurons belong: the share of their variance
     * over (a, b) in the frequency's block is at least `--neuron-share`.
     */
    readonly neurons: readonly number[] | null;
    /**
     * Components of the neuron-logit map W_L along the classes whose norm is above
     * a quarter of the largest.
     */
    readonly neuron_logit_map: readonly number[] | null;
    /** The same of the embedding. */
    readonly embedding: readonly number[] | null;
  };
  /**
   * How far the rules agree: frequencies that all name over those that any names;
   * null where fewer than two apply, or none names any.
   */
  readonly agreement: number | null;
}

/**
 * The key frequencies of a checkpoint.
 *
 * Source: Nanda et al. (arXiv 2301.05217), Section 4 and Appendix C.
 *
 * @param context The checkpoint.
 * @param share From which share on a neuron belongs to a frequency.
 */
export function keyFrequenciesOf(
  context: ProbeContext,
  share: number,
): Promise<KeyFrequencies> {
  return context.once(`key frequencies ${share}`, async () => {
    const hooks = neuronHooksOf(context);
    const belonging = new Set<number>();
    for (const hook of hooks) {
      const clusters = clustersOf(await spectrum2dOf(context, hook), share);
      clusters.forEach(({ frequency }) => belonging.add(frequency));
    }
    const map = neuronLogitMapOf(context);
    const embeddings = embeddingsOf(context);
    return together({
      neurons: hooks.length > 0 ? [...belonging].sort((a, b) => a - b) : null,
      neuron_logit_map: map ? spectrum(map.name, map).key_frequencies : null,
      embedding: embeddings.length > 0
        ? spectrum("", sideBySide(embeddings)).key_frequencies
        : null,
    });
  });
}

function together(rules: KeyFrequencies["rules"]): KeyFrequencies {
  const said = Object.values(rules).filter((keys) => keys !== null);
  const any = [...new Set(said.flat())].sort((a, b) => a - b);
  const votes = (k: number) => said.filter((keys) => keys.includes(k)).length;
  const all = any.filter((k) => votes(k) === said.length);
  return {
    key_frequencies: said.length === 0
      ? null
      : any.filter((k) => votes(k) >= Math.min(2, said.length)),
    rules,
    agreement: said.length < 2 || any.length === 0
      ? null
      : all.length / any.length,
  };
}

/** What is said where no rule for key frequencies applies. */
export const NO_KEYS = "not known: no weight or activation has a name that " +
  "they are read from (W_E, W_U, layers.i.W, layers.i.hook_post, …); --map " +
  "gives the file's own names, --map auto proposes them";

/** Key frequencies in a line of text. */
export function keysText(keys: readonly number[] | null): string {
  return keys === null ? NO_KEYS : keys.join(", ") || "none";
}

/** What probes that read key frequencies can be told. */
export type KeySettings = {
  /** k, in place of what the three rules say. */
  readonly keyFrequencies: Setting<readonly number[] | null>;
  /** From which share on a neuron belongs to a frequency. */
  readonly neuronShare: Setting<number>;
};

/** The settings of these probes. */
export const keySettings: KeySettings = {
  keyFrequencies: nullable(integers(
    [1, 1024],
    [],
    "<ks>",
    "key frequencies (default: by the rules, of the run's last checkpoint)",
  )),
  neuronShare,
};

/**
 * The key frequencies that a checkpoint's measures are of: those given, else those
 * of the run's last checkpoint, else its own; null where no rule applies.
 *
 * @throws {UsageError} if one that is given is none of the group's.
 */
export async function chosenKeysOf(
  context: ProbeContext,
  { keyFrequencies, neuronShare }: {
    readonly keyFrequencies: readonly number[] | null;
    readonly neuronShare: number;
  },
): Promise<readonly number[] | null> {
  const most = frequencyCount(cyclicOf(context).order);
  if (keyFrequencies) {
    const wrong = keyFrequencies.find((k) => k > most);
    if (wrong === undefined) return [...new Set(keyFrequencies)];
    throw new UsageError(
      `--key-frequencies must be out of 1..${most}, got ${wrong}`,
    );
  }
  const own = async (context: ProbeContext) =>
    (await keyFrequenciesOf(context, neuronShare)).key_frequencies;
  const { run } = context;
  if (!run || run.checkpoints.at(-1)!.step === context.step) {
    return await own(context);
  }
  return await run.once(`keys ${neuronShare}`, () => run.last(own));
}

/** The columns of matrices side by side. */
export function sideBySide(matrices: readonly Named[]): Matrix {
  const [{ rows }] = matrices as [Named];
  const columns = matrices.reduce((sum, matrix) => sum + matrix.columns, 0);
  const data = new Float64Array(rows * columns);
  for (let i = 0, at = 0; i < rows; i++) {
    for (const matrix of matrices) {
      const row = i * matrix.columns;
      data.set(matrix.data.subarray(row, row + matrix.columns), at);
      at += matrix.columns;
    }
  }
  return { rows, columns, data };
}
