/**
 * A layer of a transformer: attention and a ReLU MLP on a residual stream.
 *
 * @module
 */

import * as tf from "../../lib/base/tfjs.ts";
import {
  attend,
  type AttentionOptions,
  attentionParameters,
  type AttentionParams,
} from "./attention.ts";
import type { Parameters } from "../init.ts";
import { type Hook, within } from "../model.ts";
import { layerNorm, normParameters, type NormParams } from "./norm.ts";
import { linear, type Vectors } from "./vectors.ts";

/** The parameters of a layer, under TransformerLens's names. */
export type BlockParams<Leaf = tf.Tensor> = {
  readonly ln1?: NormParams<Leaf>;
  readonly attn: AttentionParams<Leaf>;
  readonly ln2?: NormParams<Leaf>;
  readonly mlp: {
    /** [d_model, d_mlp] */
    readonly W_in: Leaf;
    readonly b_in: Leaf;
    /** [d_mlp, d_model] */
    readonly W_out: Leaf;
    readonly b_out: Leaf;
  };
};

/** The sizes and the kind of a layer. */
export interface BlockOptions extends AttentionOptions {
  /** Width of the MLP. */
  readonly dMlp: number;
  /**
   * Where LayerNorm stands: nowhere; before attention and MLP; or behind the sums
   * of each with the residual stream.
   */
  readonly norm: "none" | "pre" | "post";
  /** Whether attention has biases; the MLP always has. */
  readonly attentionBiases: boolean;
}

/** What dropout does to an activation; in evaluation nothing. */
export type Drop = (name: string, x: tf.Tensor) => tf.Tensor;

/**
 * A layer, for the last positions. With A the attention, M the MLP and N the
 * LayerNorms:
 *
 *     none:  y = x + A(x),        z = y + M(y)
 *     pre:   y = x + A(N₁ x),     z = y + M(N₂ y)
 *     post:  y = N₁(x + A(x)),    z = N₂(y + M(y))
 *
 * Dropout stands where nn.TransformerEncoderLayer has it: on the attention
 * weights, on what A gives, on the MLP's hidden activations and on what M gives.
 *
 * Hooks are TransformerLens's; `hook_resid_mid` and `hook_resid_post` are the sums,
 * before a norm behind them.
 *
 * Source: Vaswani et al. (arXiv 1706.03762); Xiong et al. (arXiv 2002.04745) for
 * where the norms stand.
 *
 * @param rows x.
 * @param params The parameters.
 * @param options Sizes and kind.
 * @param seen How many positions.
 * @param hook Marks the activations.
 * @param drop Dropout.
 * @returns z, as {@link Vectors.last} gives the vectors of `seen` positions.
 */
export function block(
  rows: Vectors,
  { ln1, attn, ln2, mlp }: BlockParams,
  options: BlockOptions,
  seen: number,
  hook: Hook,
  drop: Drop,
): tf.Tensor {
  const normed =
    (at: "pre" | "post", name: string, ln: NormParams | undefined) =>
    (x: tf.Tensor) =>
      options.norm === at && ln ? layerNorm(x, ln, within(hook, name)) : x;

  const residPre = rows.map((x) => hook("hook_resid_pre", x)); // [batch, pos, d_model]
  const stream = (seen === 1 ? residPre.end : undefined) ?? residPre.last(seen);
  const attnOut = hook(
    "hook_attn_out", // [batch, pos, d_model]
    attend(
      residPre.map(normed("pre", "ln1", ln1)),
      attn,
      options,
      seen,
      within(hook, "attn"),
      (weights) => drop("attn.hook_pattern", weights),
    ),
  );
  const residMid = hook(
    "hook_resid_mid", // [batch, pos, d_model]
    tf.add(stream, drop("hook_attn_out", attnOut)),
  );
  const mid = normed("post", "ln1", ln1)(residMid);

  const pre = hook(
    "mlp.hook_pre", // [batch, pos, d_mlp]
    linear(normed("pre", "ln2", ln2)(mid), mlp.W_in, mlp.b_in),
  );
  const post = hook(
    "mlp.hook_post", // [batch, pos, d_mlp]
    tf.relu(pre),
  );
  const mlpOut = hook(
    "hook_mlp_out", // [batch, pos, d_model]
    linear(drop("mlp.hook_post", post), mlp.W_out, mlp.b_out),
  );
  const residPost = hook(
    "hook_resid_post", // [batch, pos, d_model]
    tf.add(mid, drop("hook_mlp_out", mlpOut)),
  );
  return normed("post", "ln2", ln2)(residPost);
}

/**
 * The parameters of a layer.
 *
 * @param path What stands before the parameters' names, such as `blocks.0`.
 * @param options Its sizes and kind.
 */
export function blockParameters(
  path: string,
  options: BlockOptions,
): Parameters {
  const { dModel, dMlp, norm, attentionBiases } = options;
  const ln = (name: string) =>
    norm === "none" ? {} : normParameters(`${path}.${name}`, dModel);
  const up = { fanIn: dModel, fanOut: dMlp, nandaWidth: dModel };
  const down = { fanIn: dMlp, fanOut: dModel, nandaWidth: dModel };
  return {
    ...ln("ln1"),
    ...attentionParameters(`${path}.attn`, options, attentionBiases),
    ...ln("ln2"),
    [`${path}.mlp.W_in`]: { ...up, kind: "weight", shape: [dModel, dMlp] },
    [`${path}.mlp.b_in`]: { ...up, kind: "bias", shape: [dMlp] },
    [`${path}.mlp.W_out`]: { ...down, kind: "weight", shape: [dMlp, dModel] },
    [`${path}.mlp.b_out`]: { ...down, kind: "bias", shape: [dModel] },
  };
}
