/**
 * Nanda's one-layer transformer, under TransformerLens's names.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
import { integer, type Setting } from "../lib/config/setting.ts";
import { isTracing } from "../lib/trace/backend.ts";
import { scalar } from "../lib/trace/precision.ts";
import { defineModel, type ModelDefinition } from "./definition.ts";
import { drawn, embed, type Model, noHook } from "./model.ts";

/** The parameters, under TransformerLens's names. */
export type TransformerParams<Leaf = tf.Tensor> = {
  readonly W_E: Leaf;
  readonly W_pos: Leaf;
  readonly blocks: {
    readonly 0: {
      readonly attn: {
        readonly W_Q: Leaf;
        readonly W_K: Leaf;
        readonly W_V: Leaf;
        readonly W_O: Leaf;
      };
      readonly mlp: {
        readonly W_in: Leaf;
        readonly b_in: Leaf;
        readonly W_out: Leaf;
        readonly b_out: Leaf;
      };
    };
  };
  readonly W_U: Leaf;
};

/** The name of an activation inside a block. */
export type BlockHook =
  | "hook_resid_pre"
  | `attn.hook_${"q" | "k" | "v" | "z" | "attn_scores" | "pattern"}`
  | "hook_attn_out"
  | "hook_resid_mid"
  | `mlp.hook_${"pre" | "post"}`
  | "hook_mlp_out"
  | "hook_resid_post";

/** The name of an activation of the transformer. */
export type TransformerHook =
  | "hook_embed"
  | "hook_pos_embed"
  | `blocks.0.${BlockHook}`;

/** The sizes of the transformer. */
export interface TransformerOptions {
  /** p: how many classes there are, and tokens beside "=" where not said else. */
  readonly modulus: number;
  /** Tokens of a row are 0..vocabulary−1, and "=" behind them is the next. */
  readonly vocabulary?: number;
  /** How many tokens stand before "=". */
  readonly length?: number;
  /** Width of the residual stream. */
  readonly dModel: number;
  /** Attention heads, each of dModel/heads. */
  readonly heads: number;
  /** Width of the MLP. */
  readonly dMlp: number;
}

/** What a head's score is where it may not look: below any real score. */
const MASKED = -1e10;

/**
 * One block of causal attention and a ReLU MLP on a residual stream, learned
 * positions, no LayerNorm, biases only in the MLP; the logits are read at "=".
 *
 * Weights start as N(0, 1)/√d_model, the unembedding as N(0, 1)/√d_vocab, biases
 * at 0.
 *
 * Source: Nanda et al. (arXiv 2301.05217), Section 3.
 *
 * @param options Modulus and widths.
 * @throws {RangeError} if the heads do not divide d_model.
 */
export function transformer(
  { modulus, dModel, heads, dMlp, ...sizes }: TransformerOptions,
): Model<TransformerParams> {
  if (dModel % heads !== 0) {
    throw new RangeError(
      `Cannot share d_model ${dModel} among ${heads} heads: ` +
        "heads must divide d_model",
    );
  }
  const dHead = dModel / heads;
  const vocabulary = (sizes.vocabulary ?? modulus) + 1;
  const context = (sizes.length ?? 2) + 1; // "a b ="

  return {
    input: "tokens",
    row: { dtype: "int64", shape: [context] },

    init(key, dtype) {
      const normal = (name: string, shape: number[], variance: number) =>
        drawn(
          key(`init/${name}`),
          dtype,
          shape,
          (stream) => stream.normal() * Math.sqrt(variance),
        );
      const weight = (name: string, shape: number[]) =>
        normal(name, shape, 1 / dModel);
      const bias = (name: string, width: number) => normal(name, [width], 0);
      const projection = (name: string) =>
        weight(`blocks.0.attn.${name}`, [heads, dModel, dHead]);
      return {
        W_E: weight("W_E", [vocabulary, dModel]),
        W_pos: weight("W_pos", [context, dModel]),
        blocks: {
          0: {
            attn: {
              W_Q: projection("W_Q"),
              W_K: projection("W_K"),
              W_V: projection("W_V"),
              W_O: weight("blocks.0.attn.W_O", [heads, dHead, dModel]),
            },
            mlp: {
              W_in: weight("blocks.0.mlp.W_in", [dModel, dMlp]),
              b_in: bias("blocks.0.mlp.b_in", dMlp),
              W_out: weight("blocks.0.mlp.W_out", [dMlp, dModel]),
              b_out: bias("blocks.0.mlp.b_out", dModel),
            },
          },
        },
        W_U: normal("W_U", [dModel, modulus], 1 / vocabulary),
      };
    },

    apply({ W_E, W_pos, blocks, W_U }, tokens, mark) {
      const hook = <T extends tf.Tensor>(name: TransformerHook, x: T): T =>
        mark(name, x);
      const { attn, mlp } = blocks[0];
      const pos = context;
      const batch = tokens.shape[0]!;
      // Compiled for its logits alone, the block computes "=" alone.
      const brief = isTracing() && mark === noHook;
      const seen = brief ? 1 : pos;

      // Products with weights are taken over all rows at once, [rows, …]:
      // TensorFlow.js's gradient of a batched product does not sum over a
      // broadcast operand.
      const perRow = (x: tf.Tensor2D): tf.Tensor =>
        brief ? x : tf.reshape(x, [batch, pos, x.shape[1]]);
      const product = (x: tf.Tensor, W: tf.Tensor, b?: tf.Tensor) => {
        const rows = tf.reshape(x, [batch * seen, W.shape[0]!]) as tf.Tensor2D;
        const result = tf.matMul(rows, W as tf.Tensor2D);
        return perRow((b ? tf.add(result, b) : result) as tf.Tensor2D);
      };
      // [head, d_model, d_head] → [d_model, head · d_head]
      const merged = (W: tf.Tensor) =>
        tf.reshape(tf.transpose(W, [1, 0, 2]), [dModel, dModel]) as tf.Tensor2D;
      const byHead = (x: tf.Tensor) => tf.transpose(x, [0, 2, 1, 3]);

      const activations = () => {
        const ids = tf.reshape(tokens, [batch * pos]) as tf.Tensor1D;
        const embedded = hook(
          "hook_embed", // [batch, pos, d_model]
          perRow(embed(W_E as tf.Tensor2D, ids)),
        );
        const positions = hook(
          "hook_pos_embed", // [pos, d_model]
          W_pos,
        );
        const residPre = hook(
          "blocks.0.hook_resid_pre", // [batch, pos, d_model]
          tf.add(embedded, positions),
        );
        const project = (name: "q" | "k" | "v", W: tf.Tensor) => {
          const x = product(residPre, merged(W));
          return byHead(hook(
            `blocks.0.attn.hook_${name}`, // [batch, pos, head, d_head]
            tf.reshape(x, [batch, pos, heads, dHead]),
          ));
        };
        const q = project("q", attn.W_Q);
        const k = project("k", attn.W_K);
        const v = project("v", attn.W_V);
        return { residPre, q, k, v };
      };

      // The same in brief. Before the attention a row depends on its token and
      // position alone: the products are taken once for each of these pairs,
      // not for each row of the batch, and then looked up.
      const lookedUp = () => {
        const pairs = vocabulary * pos;
        const table = tf.reshape(
          tf.add(tf.expandDims(W_E, 1), W_pos),
          [pairs, dModel],
        ) as tf.Tensor2D;
        const places = tf.add(times(tokens, pos), upTo(pos)); // [batch, pos]
        const last = tf.slice(places, [0, pos - 1], [-1, 1]);
        const project = (W: tf.Tensor, places: tf.Tensor) => {
          const n = places.shape[1]!;
          const rows = tf.reshape(
            tf.matMul(table, merged(W)),
            [pairs * heads, dHead],
          ) as tf.Tensor2D;
          const ids = tf.reshape(
            tf.add(
              times(tf.expandDims(places, 1), heads),
              tf.reshape(upTo(heads), [1, heads, 1]),
            ),
            [batch * heads * n],
          ) as tf.Tensor1D;
          return tf.reshape(embed(rows, ids), [batch, heads, n, dHead]);
        };
        const ids = tf.reshape(last, [batch]) as tf.Tensor1D;
        const residPre = perRow(embed(table, ids));
        const q = project(attn.W_Q, last);
        const k = project(attn.W_K, places);
        const v = project(attn.W_V, places);
        return { residPre, q, k, v };
      };

      // The residual stream, [batch, pos, d_model] or [batch, d_model]; q, [batch, head, seen,
      // d_head]; k and v, [batch, head, pos, d_head]
      const { residPre, q, k, v } = brief ? lookedUp() : activations();
      const mask = tf.tensor2d(
        Array.from(
          { length: seen },
          (_, row) =>
            Array.from(
              { length: pos },
              (_, key) => key > pos - seen + row ? MASKED : 0,
            ),
        ),
      );
      const scores = hook(
        "blocks.0.attn.hook_attn_scores", // [batch, head, query, key]
        tf.add(
          tf.mul(
            tf.matMul(q, k, false, true),
            scalar(1 / Math.sqrt(dHead)),
          ),
          mask,
        ),
      );
      const pattern = hook(
        "blocks.0.attn.hook_pattern", // [batch, head, query, key]
        tf.softmax(scores),
      );
      const z = hook(
        "blocks.0.attn.hook_z", // [batch, pos, head, d_head]
        byHead(tf.matMul(pattern, v)),
      );
      const attnOut = hook(
        "blocks.0.hook_attn_out", // [batch, pos, d_model]
        product(z, tf.reshape(attn.W_O, [dModel, dModel])),
      );
      const residMid = hook(
        "blocks.0.hook_resid_mid", // [batch, pos, d_model]
        tf.add(residPre, attnOut),
      );

      const pre = hook(
        "blocks.0.mlp.hook_pre", // [batch, pos, d_mlp]
        product(residMid, mlp.W_in, mlp.b_in),
      );
      const post = hook(
        "blocks.0.mlp.hook_post", // [batch, pos, d_mlp]
        tf.relu(pre),
      );
      const mlpOut = hook(
        "blocks.0.hook_mlp_out", // [batch, pos, d_model]
        product(post, mlp.W_out, mlp.b_out),
      );
      const residPost = hook(
        "blocks.0.hook_resid_post", // [batch, pos, d_model]
        tf.add(residMid, mlpOut),
      );

      const final = brief
        ? residPost
        : tf.reshape(tf.slice(residPost, [0, pos - 1, 0], [-1, 1, -1]), [
          batch,
          dModel,
        ]);
      return tf.matMul(final as tf.Tensor2D, W_U as tf.Tensor2D);
    },
  };
}

const upTo = (n: number) => tf.tensor1d([...Array(n).keys()], "int32");

const times = (ids: tf.Tensor, n: number) => tf.mul(ids, tf.scalar(n, "int32"));

/** The transformer's settings. */
export type TransformerSettings = {
  readonly [key in "dModel" | "heads" | "dMlp"]: Setting<number>;
};

const width = (preset: number, value: string, help: string) =>
  integer([1, 65536], preset, value, `transformer: ${help}`);

/** Nanda's transformer as a config names it. */
export const transformerModel: ModelDefinition<TransformerSettings> =
  defineModel({
    summary: "Nanda's one-layer transformer",
    settings: {
      dModel: width(128, "<n>", "width of the residual stream"),
      heads: width(4, "<n>", "attention heads"),
      dMlp: width(512, "<n>", "width of the MLP"),
    },
    check: ({ dModel, heads }) =>
      dModel % heads === 0
        ? undefined
        : `--heads must divide --d-model ${dModel}, got ${heads}`,
    refuses: ({ input }) =>
      input.kind === "tokens" ? undefined : "reads tokens",
    // "=" is the token after the others.
    read: (row, { input }) =>
      input.kind === "tokens" ? [...row, input.vocabulary] : row,
    make: ({ classes: modulus, input }, config) =>
      transformer({ ...config, ...input, modulus }) as unknown as Model,
    describe: () => "transformer",
  });
