/**
 * Checkpoints whose answers are known.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
import { type ConfigInput, resolveConfig } from "../../lib/config/config.ts";
import { checkpointWriter } from "../../lib/runs/checkpoint.ts";
import { ProbeModel } from "../../lib/onnx/inspect/probe_model.ts";
import { type HostTensor, hostTensorOf } from "../../lib/numeric/tensor.ts";
import { ProbeContext } from "../../lib/probes/mod.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import { leavesOf } from "../../lib/base/tree.ts";
import type { Model } from "../../models/model.ts";

/** An untrained checkpoint, some of its weights replaced. */
export async function contextOf(
  config: ConfigInput,
  weights: Record<string, HostTensor> = {},
): Promise<ProbeContext> {
  const { model, params, config: resolved } = makeExperiment(
    resolveConfig(config),
  );
  const writer = await checkpointWriter(model, params);
  const bytes = writer.encode(
    { ...Object.fromEntries(leavesOf(params)), ...weights },
    { config: resolved, step: 0 },
  );
  return new ProbeContext(new ProbeModel(bytes, "constructed"));
}

/** A table of p rows, its columns given as functions of the residue. */
export function table(
  rows: number,
  columns: readonly ((n: number) => number)[],
): HostTensor {
  const values = Array.from(
    { length: rows },
    (_, n) => columns.map((f) => f(n)),
  );
  return hostTensorOf("float32", [rows, columns.length], values.flat());
}

/** n ↦ cos(2πkn/p + phase). */
export const wave = (p: number, k: number, phase = 0) => (n: number): number =>
  Math.cos(2 * Math.PI * k * n / p + phase);

/** A network that looks its hidden activations up, pair by pair. */
export interface TableNetwork {
  /** What it says it was trained on; `modulus` among it. */
  readonly config: ConfigInput;
  /** The hidden activations of each pair (a, b), a slowest: [p · p, neurons]. */
  readonly hidden: HostTensor;
  /** From them to the logits, [neurons, p]. */
  readonly out: HostTensor;
  /** An embedding, [p, width], which nothing reads. */
  readonly embedding: HostTensor;
}

/** logits(a, b) = hidden[a·p + b] · out, under the names of a perceptron's parts. */
export async function tableNetwork(
  { config: input, hidden, out, embedding }: TableNetwork,
): Promise<ProbeContext> {
  const config = resolveConfig(input);
  const p = config.modulus;
  const parts = { W_E: embedding, table: hidden, layers: { 1: { W: out } } };
  const model = {
    input: "tokens",
    row: { dtype: "int64", shape: [2] },
    init: () => parts,
    apply(params, tokens, hook) {
      const { table, layers } = params as unknown as {
        table: tf.Tensor2D;
        layers: { 1: { W: tf.Tensor2D } };
      };
      const id = tf.sum(tf.mul(tokens, tf.tensor1d([p, 1], "int32")), 1);
      const rows = tf.gather(table, tf.cast(id, "int32") as tf.Tensor1D);
      const h = hook("layers.0.hook_post", rows as tf.Tensor2D);
      return tf.matMul(h, layers[1].W);
    },
  } as Model;
  const writer = await checkpointWriter(model, parts as never);
  const bytes = writer.encode(
    { W_E: embedding, table: hidden, "layers.1.W": out },
    { config, step: 0 },
  );
  return new ProbeContext(new ProbeModel(bytes, "constructed"));
}

/**
 * The network Σ_k α_k cos(w_k(a + b − c)): its neurons are cos and sin of
 * w_k(a + b), its output weights α_k cos(w_k c) and α_k sin(w_k c), its embedding
 * cos(w_k a) and sin(w_k a).
 *
 * @param p The modulus.
 * @param alphas α_k by k.
 * @param sum From a pair to s in place of a + b.
 */
export function waveNetwork(
  p: number,
  alphas: Readonly<Record<number, number>>,
  config: ConfigInput = {},
  sum: (a: number, b: number) => number = (a, b) => a + b,
): Promise<ProbeContext> {
  const ks = Object.keys(alphas).map(Number);
  const angle = (k: number, x: number) => 2 * Math.PI * k * (x % p) / p;
  const pair = (k: number, x: number) => [
    Math.cos(angle(k, x)),
    Math.sin(angle(k, x)),
  ];
  const residues = Array.from({ length: p }, (_, i) => i);
  const f64 = (rows: number[][]) =>
    hostTensorOf("float64", [rows.length, rows[0]!.length], rows.flat());
  return tableNetwork({
    config: { modulus: p, trainFraction: 0.5, precision: "float64", ...config },
    hidden: f64(
      residues.flatMap((a) =>
        residues.map((b) => ks.flatMap((k) => pair(k, sum(a, b) + p)))
      ),
    ),
    out: f64(
      ks.flatMap((k) =>
        [0, 1].map((i) => residues.map((c) => alphas[k]! * pair(k, c)[i]!))
      ),
    ),
    embedding: f64(residues.map((a) => ks.flatMap((k) => pair(k, a)))),
  });
}
