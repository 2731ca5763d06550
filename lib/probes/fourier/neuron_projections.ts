/**
 * What the last hidden neurons make of a modular task's waves.
 *
 * @module
 */

import * as tf from "../../base/tfjs.ts";
import { asMatrix } from "../../numeric/matrix.ts";
import { finite, mean } from "../../numeric/statistics.ts";
import { toNumbers } from "../../numeric/tensor.ts";
import { runTraced } from "../../onnx/runtime/compile.ts";
import type { SessionOptions } from "../../onnx/runtime/options.ts";
import { widen } from "../../trace/precision.ts";
import { chunksOf, isLarge } from "../context/chunks.ts";
import type { ProbeContext } from "../context/context.ts";
import { crossProduct } from "../geometry/products.ts";
import {
  cyclicOf,
  gridOf,
  neuronHooksOf,
  neuronLogitMapOf,
} from "./anatomy.ts";
import { components, cosRow } from "./spectra.ts";
import { wavesOf } from "./waves.ts";

/** The neuron-logit map W_L ≈ Σ_k cos_k u_kᵀ + sin_k v_kᵀ, and its u and v. */
export interface NeuronMeasures {
  /** ‖W_L − Σ …‖/‖W_L‖, Frobenius norms; null where W_L is 0. */
  readonly residual: number | null;
  /** Share of the variance of u_kᵀ·(activations) in cos(w_k s), of each k. */
  readonly onCos: readonly (number | null)[];
  /** Share of the variance of v_kᵀ·(activations) in sin(w_k s). */
  readonly onSin: readonly (number | null)[];
}

/**
 * u_k and v_k are W_L's components along the classes; what the neurons make of them
 * should be the cosine and the sine of the answer.
 *
 * Source: Nanda et al. (arXiv 2301.05217), Section 4.2.
 *
 * @param context The checkpoint.
 * @param keys The frequencies.
 * @returns Null where the network has no such map, or no such neurons.
 */
export async function neuronMeasures(
  context: ProbeContext,
  keys: readonly number[],
): Promise<NeuronMeasures | null> {
  const map = neuronLogitMapOf(context);
  const hook = neuronHooksOf(context).at(-1);
  if (!map || hook === undefined) return null;
  const { order: n } = cyclicOf(context);
  const F = components(map); // [n, neurons]
  const row = (i: number) =>
    F.data.subarray(i * F.columns, (i + 1) * F.columns);
  const square = (x: Float64Array) => x.reduce((sum, v) => sum + v * v, 0);
  const vectors = keys.flatMap((k) =>
    [cosRow(k), cosRow(k) + 1].map((i) => i < n ? row(i) : null)
  );
  const kept = vectors.reduce((sum, v) => sum + (v ? square(v) : 0), 0);
  const total = square(F.data);
  const waveOf = (i: number) => {
    const { cos, sin } = wavesOf(keys[i >> 1]!, n);
    return i % 2 === 0 ? cos : sin;
  };
  const shares = await (await isLarge(context) ? sharesInChunks : sharesAtOnce)(
    context,
    hook,
    { vectors, width: F.columns, waveOf },
  );
  if (!shares) return null;
  return {
    residual: finite(Math.sqrt(Math.max(0, total - kept) / total)),
    onCos: keys.map((_, i) => shares[2 * i]!),
    onSin: keys.map((_, i) => shares[2 * i + 1]!),
  };
}

/** Directions in which activations are looked at, and the wave that each should be. */
interface Directions {
  /** Each [width], or null where there is none. */
  readonly vectors: readonly (Float64Array | null)[];
  readonly width: number;
  readonly waveOf: (i: number) => Float64Array;
}

async function sharesAtOnce(
  context: ProbeContext,
  hook: string,
  { vectors, width, waveOf }: Directions,
): Promise<(number | null)[] | null> {
  const { answers } = cyclicOf(context);
  const grid = await gridOf(context, hook);
  const used = vectors.filter((v) => v !== null);
  if (grid.shape[1] !== width) return null;
  const projected = used.length === 0 ? [] : await columnsOf(
    grid,
    used,
    context.host,
  );
  let next = 0;
  return vectors.map((vector, i) =>
    vector && shareOnWave(projected[next++]!, answers, waveOf(i))
  );
}

// The same from sums over the pairs: with C the activations' products about their
// mean and m_s their mean by answer, Σ(v·h − mean)² = vᵀCv, and its product with a
// wave w is Σ_s n·w(s)·v·(m_s − mean).
async function sharesInChunks(
  context: ProbeContext,
  hook: string,
  { vectors, width, waveOf }: Directions,
): Promise<(number | null)[] | null> {
  const { order: n, rows, answers } = cyclicOf(context);
  let mean: Float64Array | undefined;
  let byAnswer = new Float64Array();
  for await (const { first, value } of chunksOf(context, hook, { rows })) {
    const { rows: count, columns, data } = asMatrix(value);
    mean ??= new Float64Array(columns);
    if (byAnswer.length === 0) byAnswer = new Float64Array(n * columns);
    for (let i = 0; i < count; i++) {
      const to = answers[first + i]! * columns;
      for (let j = 0; j < columns; j++) {
        const x = data[i * columns + j]!;
        mean[j]! += x / rows.length;
        byAnswer[to + j]! += x / n;
      }
    }
  }
  if (mean!.length !== width) return null;
  const about = new Float64Array(width * width);
  for await (const { value } of chunksOf(context, hook, { rows })) {
    const matrix = asMatrix(value);
    const data = matrix.data.map((x, i) => x - mean![i % width]!);
    const own = { ...matrix, data };
    const product = await crossProduct(own, own, context.host);
    product.data.forEach((x, i) => about[i]! += x);
  }
  return vectors.map((v, i) => {
    if (!v) return null;
    const wave = waveOf(i);
    const ww = n * wave.reduce((sum, w) => sum + w * w, 0);
    let [inner, xx] = [0, 0];
    for (let s = 0; s < n; s++) {
      for (let j = 0; j < width; j++) {
        inner += n * wave[s]! * v[j]! * (byAnswer[s * width + j]! - mean![j]!);
      }
    }
    for (let a = 0; a < width; a++) {
      for (let b = 0; b < width; b++) {
        xx += v[a]! * about[a * width + b]! * v[b]!;
      }
    }
    return finite(inner * inner / (xx * ww));
  });
}

// activations · vectorᵀ for each vector.
async function columnsOf(
  grid: Awaited<ReturnType<typeof gridOf>>,
  vectors: readonly Float64Array[],
  options: SessionOptions,
): Promise<Float64Array[]> {
  const width = grid.shape[1]!;
  const { product } = await runTraced(
    ({ vectors, grid }) => ({
      product: tf.matMul(
        vectors as tf.Tensor2D,
        widen(grid) as tf.Tensor2D,
        false,
        true,
      ),
    }),
    {
      grid,
      vectors: {
        dtype: "float64",
        shape: [vectors.length, width],
        data: Float64Array.from(vectors.flatMap((v) => [...v])),
      },
    },
    options,
  );
  const rows = grid.shape[0]!;
  const data = toNumbers(product!);
  return vectors.map((_, i) => data.subarray(i * rows, (i + 1) * rows));
}

// The squared correlation of x with a wave of the answer.
function shareOnWave(
  x: Float64Array,
  answers: Int32Array,
  wave: Float64Array,
): number | null {
  const middle = mean(x);
  let [inner, xx, ww] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    const [dx, w] = [x[i]! - middle, wave[answers[i]!]!];
    inner += dx * w;
    xx += dx * dx;
    ww += w * w;
  }
  return finite(inner * inner / (xx * ww));
}
