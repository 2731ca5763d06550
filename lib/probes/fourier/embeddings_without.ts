/**
 * Embeddings without a frequency.
 *
 * @module
 */

import {
  type HostTensor,
  hostTensorOf,
  toNumbers,
} from "../../numeric/tensor.ts";
import type { ProbeContext } from "../context/context.ts";
import { cyclicOf } from "./anatomy.ts";
import { wavesOf } from "./waves.ts";

/**
 * The embeddings without each of some frequencies, its cosine and its sine over the
 * residues taken out; none where they have no weight.
 *
 * @param context The checkpoint.
 * @param keys The frequencies.
 */
export function* embeddingsWithout(
  context: ProbeContext,
  keys: readonly number[],
): Generator<[k: number, weights: Readonly<Record<string, HostTensor>>]> {
  const { modulus, tokens } = context.modular;
  const { order: n, residues } = cyclicOf(context);
  const { model } = context;
  if (!tokens) return;
  const W_E = model.weight("W_E");
  const name = W_E ? "W_E" : "layers.0.W";
  const tables = W_E ? [0] : [0, modulus];
  const weight = W_E ?? model.weight(name);
  const [height = 0, width = 0] = weight?.shape ?? [];
  if (!weight || height < tables.at(-1)! + modulus) return;
  for (const k of keys) {
    const values = toNumbers(weight);
    for (const wave of Object.values(wavesOf(k, n))) {
      const norm = wave.reduce((sum, w) => sum + w * w, 0);
      // At k = n/2 there is no sine, but what rounding leaves of it.
      if (norm < 0.5) continue;
      for (const from of tables) {
        for (let j = 0; j < width; j++) {
          const column = residues.map((r) => (from + r) * width + j);
          const along = column.reduce(
            (sum, at, i) => sum + wave[i]! * values[at]!,
            0,
          ) / norm;
          column.forEach((at, i) => values[at]! -= along * wave[i]!);
        }
      }
    }
    yield [k, { [name]: hostTensorOf(weight.dtype, weight.shape, values) }];
  }
}
