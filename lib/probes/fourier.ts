/**
 * The `fourier` probe: which frequencies of Z_p an embedding uses.
 *
 * @module
 */

import { type HostTensor, toNumbers } from "../onnx/tensor.ts";
import { percent } from "../text.ts";
import type { ProbeContext } from "./context.ts";
import { NotApplicableError, type Probe } from "./probe.ts";

/** The spectrum of one embedding. */
export interface Spectrum {
  /** The weight that it was taken of, rows of Z_p by columns. */
  readonly weight: string;
  /** Norm of the constant component. */
  readonly constant_norm: number;
  /** Norm of each cosine component, k = 1, 2, …, ⌊p/2⌋. */
  readonly cos_norms: readonly number[];
  /** Norm of each sine component; 0 at k = p/2, where there is none. */
  readonly sin_norms: readonly number[];
  /** Frequencies with a component norm above a quarter of the largest. */
  readonly key_frequencies: readonly number[];
  /** Their share of the squared norm of all components but the constant. */
  readonly power_share: number;
  /** Gini coefficient of the component norms but the constant's, 0..1. */
  readonly gini: number;
}

/** The result: the spectrum of the whole embedding, and of its parts. */
export interface FourierResult extends Spectrum {
  /** What to mind in reading it, or null. */
  readonly note: string | null;
  /** p. */
  readonly modulus: number;
  /** An MLP has two embeddings, one of a and one of b; a transformer has one. */
  readonly parts: readonly Spectrum[];
}

/**
 * Spectrum of the embedding in the orthonormal Fourier basis of Z_p: the
 * transformer's W_E without "=", or the two halves of the MLP's first layer.
 *
 * With F the basis, c = ‖F·W‖ row by row. Key frequencies are the k with a
 * component above max(c)/4; the constant row is left out throughout.
 *
 * Source: Nanda et al. (arXiv 2301.05217), Section 4 and Appendix.
 */
export const fourier: Probe<"fourier", FourierResult> = {
  of: "checkpoint",
  name: "fourier",
  describe:
    "Spectrum of the embedding over Z_p: key frequencies, their power, Gini",
  needs: "a checkpoint of a modular task with W_E, or layers.0.W over 2p rows",

  compute(context) {
    const { modulus, parts } = embeddings(context);
    const spectra = parts.map(({ name, columns }) =>
      spectrum(name, columns, modulus)
    );
    const whole = spectrum(
      spectra.map(({ weight }) => weight).join(" | "),
      parts.flatMap(({ columns }) => columns),
      modulus,
    );
    return { modulus, note: noteOn(context), ...whole, parts: spectra };
  },

  curves: ({ gini, power_share, key_frequencies }) => ({
    gini,
    power_share,
    key_frequencies: key_frequencies.length,
  }),

  text({ modulus, parts, note, ...whole }) {
    return [
      `modulus ${modulus}`,
      "key frequencies (a component above a quarter of the largest): " +
      keysText(whole),
      `they carry ${percent(whole.power_share)} of the power; ` +
      `Gini coefficient ${whole.gini.toFixed(3)}`,
      ...(parts.length > 1 ? parts : []).map((part) =>
        `${part.weight}: ${keysText(part)} (${percent(part.power_share)})`
      ),
      ...(note === null ? [] : [`note: ${note}`]),
    ];
  },
};

// Most of all frequencies are no key to anything.
function keysText({ key_frequencies: keys, cos_norms }: Spectrum): string {
  return keys.length > cos_norms.length / 2
    ? `${keys.length} of ${cos_norms.length}, no sparse structure`
    : keys.join(", ");
}

// Products are rotations of the discrete logarithm, not of the residue itself.
function noteOn({ task: { name: task } }: ProbeContext): string | null {
  return task === "product" || task === "divide"
    ? `a network that learns to ${task} uses characters of the multiplicative ` +
      "group; this spectrum is over the additive one, and need not be sparse"
    : null;
}

interface Embedding {
  readonly name: string;
  /** The columns, each a function on Z_p. */
  readonly columns: readonly Float64Array[];
}

function embeddings(
  context: ProbeContext,
): { modulus: number; parts: Embedding[] } {
  const { modulus } = context.modular;
  const W_E = context.model.weight("W_E");
  if (W_E) {
    const columns = columnsOf("W_E", W_E, 0, modulus);
    return { modulus, parts: [{ name: "W_E", columns }] };
  }
  const first = context.weight("layers.0.W");
  const parts = [0, 1].map((half) => {
    const from = half * modulus;
    const name = `layers.0.W[${from}:${from + modulus}]`;
    return { name, columns: columnsOf(name, first, from, modulus) };
  });
  return { modulus, parts };
}

function columnsOf(
  name: string,
  { shape, data }: HostTensor,
  from: number,
  rows: number,
): Float64Array[] {
  const [height = 0, width = 0] = shape;
  if (shape.length !== 2 || height < from + rows) {
    throw new NotApplicableError(
      `Cannot take the spectrum of ${name}: its weight has shape ` +
        `[${shape}], wanted at least ${from + rows} rows and two axes`,
    );
  }
  const values = toNumbers({ data });
  return Array.from(
    { length: width },
    (_, j) =>
      Float64Array.from(
        { length: rows },
        (_, n) => values[(from + n) * width + j]!,
      ),
  );
}

function spectrum(
  weight: string,
  columns: readonly Float64Array[],
  p: number,
): Spectrum {
  const norms = fourierBasis(p).map((row) =>
    Math.sqrt(columns.reduce((sum, column) => sum + dot(row, column) ** 2, 0))
  );
  const [constant, ...components] = norms as [number, ...number[]];
  const cos = components.filter((_, i) => i % 2 === 0);
  const sin = components.filter((_, i) => i % 2 === 1);
  if (sin.length < cos.length) sin.push(0); // k = p/2 has no sine
  const largest = Math.max(...components);
  const keys = cos.flatMap((norm, i) =>
    Math.max(norm, sin[i]!) > largest / 4 ? [i + 1] : []
  );
  const power = (k: number) => cos[k - 1]! ** 2 + sin[k - 1]! ** 2;
  const sum = (xs: readonly number[]) => xs.reduce((a, b) => a + b, 0);
  return {
    weight,
    constant_norm: constant,
    cos_norms: cos,
    sin_norms: sin,
    key_frequencies: keys,
    power_share: sum(keys.map(power)) /
      sum(cos.map((_, i) => power(i + 1))),
    gini: gini(components),
  };
}

const dot = (a: Float64Array, b: Float64Array) =>
  a.reduce((sum, x, i) => sum + x * b[i]!, 0);

/**
 * The orthonormal Fourier basis of Z_p, a row each: the constant 1/√p, then for
 * k = 1, …, ⌊p/2⌋ the functions cos(2πkn/p) and sin(2πkn/p) at unit norm (for
 * even p the last has no sine).
 *
 * @param p The modulus.
 * @returns p rows of p numbers.
 */
export function fourierBasis(p: number): Float64Array[] {
  const row = (f: (angle: number) => number, k: number) => {
    const values = Float64Array.from(
      { length: p },
      // k·n is reduced first: large angles lose digits.
      (_, n) => f(2 * Math.PI * ((k * n) % p) / p),
    );
    const norm = Math.sqrt(dot(values, values));
    return values.map((x) => x / norm);
  };
  const rows = [row(Math.cos, 0)];
  for (let k = 1; 2 * k <= p; k++) {
    rows.push(row(Math.cos, k));
    if (2 * k < p) rows.push(row(Math.sin, k));
  }
  return rows;
}

/**
 * The Gini coefficient of non-negative numbers: 0 where all are equal, towards
 * 1 where one has everything. Sorted ascending,
 * G = 1 − 2 Σ_k (c_k/‖c‖₁) · (N − k + ½)/N.
 *
 * Source: Hurley & Rickard (arXiv 0811.4706), Table I.
 */
export function gini(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const total = sorted.reduce((a, b) => a + b, 0);
  const N = sorted.length;
  return 1 - 2 * sorted.reduce(
        (sum, c, i) => sum + (c / total) * (N - (i + 1) + 0.5) / N,
        0,
      );
}
