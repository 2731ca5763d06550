/**
 * Checkpoints whose answers are known.
 *
 * @module
 */

import { type ConfigInput, resolveConfig } from "../../lib/config/config.ts";
import { checkpointWriter } from "../../lib/onnx/checkpoint.ts";
import { ProbeModel } from "../../lib/onnx/probe_model.ts";
import { type HostTensor, hostTensorOf } from "../../lib/onnx/tensor.ts";
import { ProbeContext } from "../../lib/probes/mod.ts";
import { makeExperiment } from "../../lib/train/experiment.ts";
import { leavesOf } from "../../lib/tree.ts";

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
