/**
 * What onnxruntime-node says of a network that a page turns.
 *
 * @module
 */

import {
  changeWeight,
  scaleWeight,
} from "../../lib/onnx/inspect/weight_edits.ts";
import { hostTensorOf, toNumbers } from "../../lib/numeric/tensor.ts";
import { loadProbeModel } from "../../lib/onnx/inspect/load_probe_model.ts";
import { findCheckpoint } from "../../lib/runs/read.ts";
import { SMALL } from "./_runs.ts";

export const P = SMALL.modulus!;

/** What is turned in a page: α, and a frequency of the embedding off. */
interface Turned {
  readonly alpha: number;
  readonly off: number;
}

/** The table I − (2/p)·(cos cosᵀ + sin sinᵀ) of a frequency, or I. */
function filter(off: number | undefined): number[][] {
  const residues = Array.from({ length: P }, (_, n) => n);
  return residues.map((n) =>
    residues.map((m) =>
      Number(n === m) -
      (off === undefined
        ? 0
        : 2 / P * Math.cos(2 * Math.PI * off * (n - m) / P))
    )
  );
}

/**
 * The logits of a pair by onnxruntime-node, and how far rounding may take any
 * other order of the same sums away from them.
 *
 * Each logit is a sum of products along paths; with A the same network of
 * absolute weights, every float32 evaluation is within γ·A of the exact value,
 * γ = k·u/(1 − k·u) with u = 2⁻²⁴ and k the operations on a path (Higham, Accuracy
 * and Stability of Numerical Algorithms, Section 3.1; ReLU adds nothing). Two
 * evaluations are within 2γ·A of each other. Filtered rows of an embedding are sums,
 * too, of the filter's entries times the weights.
 */
export async function byNode(
  run: string,
  a: number,
  b: number,
  { alpha, off }: Partial<Turned> = {},
): Promise<{ logits: Float64Array; bound: number[] }> {
  const F = filter(off);
  const filtered = (
    values: Float64Array,
    half: number,
    row: number,
    j: number,
    size = (x: number) => x,
  ) => {
    const width = values.length / (2 * P);
    return F[row]!.reduce(
      (sum, f, n) => sum + size(f * values[(half * P + n) * width + j]!),
      0,
    );
  };
  const loaded = await loadProbeModel(await findCheckpoint(run), {
    threads: 1,
  });
  const original = toNumbers(loaded.weight("layers.0.W")!);
  const model = loaded.edited(
    changeWeight("layers.0.W", (values, [, width]) =>
      values.map((_, i) => {
        const [row, j] = [Math.floor(i / width!), i % width!];
        return filtered(values, Math.floor(row / P), row % P, j);
      })),
    ...loaded.weightNames.map((name) => scaleWeight(name, alpha ?? 1)),
  );
  await loaded.close();
  const tokens = hostTensorOf("int64", [1, 2], [a, b]);
  const { logits } = await model.run({ tokens });
  const weights = [0, 1, 2].map((i) => model.weight(`layers.${i}.W`)!);
  await model.close();
  const [, ...others] = weights.map((weight) => toNumbers(weight));
  const width = weights[0]!.shape[1]!;
  let path = Array.from(
    { length: width },
    (_, j) =>
      (alpha ?? 1) * (filtered(original, 0, a, j, Math.abs) +
        filtered(original, 1, b, j, Math.abs)),
  );
  // A sum of two rows; each filtered, and every weight multiplied.
  let operations = 1 + (off === undefined ? 0 : 2 * P) + (alpha ? 3 : 0);
  for (const W of others) {
    const columns = W.length / path.length;
    operations += path.length;
    path = Array.from(
      { length: columns },
      (_, c) =>
        path.reduce((s, x, j) => s + x * Math.abs(W[j * columns + c]!), 0),
    );
  }
  const gamma = operations * 2 ** -24 / (1 - operations * 2 ** -24);
  return {
    logits: toNumbers(logits!),
    bound: path.map((x) => 2 * gamma * x),
  };
}
