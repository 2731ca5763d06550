/**
 * A small network's file to run and to change.
 *
 * @module
 */

import type { ConfigInput } from "../../lib/config/config.ts";
import type { ProbeModel } from "../../lib/onnx/inspect/probe_model.ts";
import { contextOf } from "../probes/_contexts.ts";

export const SMALL: ConfigInput = {
  model: "transformer",
  modulus: 5,
  trainFraction: 0.5,
  dModel: 8,
  heads: 2,
  dMlp: 12,
  precision: "float64",
};

export const POST = "blocks.0.mlp.hook_post";

export const Z = "blocks.0.attn.hook_z"; // [batch, pos, head, d_head]

// The same arithmetic in another order: float64 sums of up to 12 terms of size 1.
export const ROUNDING = { relative: 1e-11, absolute: 1e-13 };

export async function smallModel() {
  const context = await contextOf(SMALL);
  return { model: context.model, inputs: context.inputs() };
}

export const bytesOf = (model: ProbeModel) => model.encodeWithOutputs([]);
