/**
 * Multi-head attention, its weights by softmax or by StableMax.
 *
 * @module
 */

import * as tf from "../../lib/base/tfjs.ts";
import { stableMaxTerms } from "../../lib/losses/stablemax.ts";
import { scalar } from "../../lib/trace/precision.ts";
import type { Parameters } from "../init.ts";
import { type Hook, within } from "../model.ts";
import { layerNorm, normParameters, type NormParams } from "./norm.ts";
import { asVectors, linear, type Vectors } from "./vectors.ts";

/** The parameters of attention, under TransformerLens's names. */
export type AttentionParams<Leaf = tf.Tensor> = {
  /** [head, d_model, d_head] */
  readonly W_Q: Leaf;
  readonly W_K: Leaf;
  readonly W_V: Leaf;
  /** [head, d_head, d_model] */
  readonly W_O: Leaf;
  /** [head, d_head] */
  readonly b_Q?: Leaf;
  readonly b_K?: Leaf;
  readonly b_V?: Leaf;
  /** [d_model] */
  readonly b_O?: Leaf;
  /** LayerNorms of each head's queries and keys, [d_head] for all heads. */
  readonly q_norm?: NormParams<Leaf>;
  readonly k_norm?: NormParams<Leaf>;
};

type Projection = "Q" | "K" | "V";

const NORMS = { Q: "q_norm", K: "k_norm", V: undefined } as const;

/** How scores become weights that sum to 1. */
export type Normalisation = "softmax" | "stablemax";

/** The sizes and the kind of attention. */
export interface AttentionOptions {
  /** Width of the vectors. */
  readonly dModel: number;
  /** How many heads, dividing dModel. */
  readonly heads: number;
  /** Whether each position sees only itself and what comes before it. */
  readonly causal: boolean;
  /** How scores become weights. */
  readonly attention: Normalisation;
  /** Whether a LayerNorm stands on each head's queries and keys; by default not. */
  readonly qkNorm?: boolean;
}

/** What a score is where a position may not look: below any real score. */
const MASKED = -1e10;

/**
 * Attention of the last positions to all.
 *
 * Hooks: `hook_q`, `hook_k`, `hook_v`, `hook_z`, [batch, pos, head, d_head];
 * `hook_attn_scores`, `hook_pattern`, [batch, head, query, key]; with LayerNorms on
 * queries and keys (`hook_q` and `hook_k` are what they are given) those of
 * {@link layerNorm} under `q_norm` and `k_norm`.
 *
 * Source: Vaswani et al. (arXiv 1706.03762), Section 3.2; Dehghani et al. (arXiv
 * 2302.05442), Section 2, for the norms.
 *
 * @param rows What is looked at.
 * @param params The parameters.
 * @param options Sizes and kind.
 * @param seen How many positions look.
 * @param hook Marks the activations.
 * @param drop What dropout does to the weights.
 * @returns As {@link Vectors.last} gives the vectors of `seen` positions.
 */
export function attend(
  rows: Vectors,
  params: AttentionParams,
  { dModel, heads, causal, attention }: AttentionOptions,
  seen: number,
  hook: Hook,
  drop: (weights: tf.Tensor) => tf.Tensor,
): tf.Tensor {
  const { length } = rows.shape;
  const { projection, project } = projections(rows, params, heads, hook);

  const scale = scalar(1 / Math.sqrt(dModel / heads));
  const scaled = seen === 1 && rows.end
    ? productsOfKinds(
      tf.mul(projection("Q")(rows.end), scale),
      rows.map(projection("K")),
      heads,
    )
    : tf.mul(
      tf.matMul(project("Q", seen), project("K", length), false, true),
      scale,
    );
  const hidden = causal ? hiddenKeys(seen, length) : undefined;
  const scores = hook(
    "hook_attn_scores", // [batch, head, query, key]
    hidden ? tf.add(scaled, masks(hidden, 0, MASKED)) : scaled,
  );
  const pattern = hook(
    "hook_pattern", // [batch, head, query, key]
    attention === "softmax"
      ? tf.softmax(scores)
      : stableMax(scores, hidden && masks(hidden, 1, 0)),
  );
  const mixed = seen === 1 && rows.at
    ? mixOfPositions(drop(pattern), rows.map(projection("V")))
    : tf.transpose(
      tf.matMul(drop(pattern), project("V", length)),
      [0, 2, 1, 3],
    );
  const z = hook("hook_z", mixed); // [batch, pos, head, d_head]
  return linear(
    asVectors(z, rows.shape),
    tf.reshape(params.W_O, [dModel, dModel]),
    params.b_O,
  );
}

// What makes queries, keys and values of vectors, as they are looked up; and those of
// the last n positions by head, marked.
function projections(
  rows: Vectors,
  params: AttentionParams,
  heads: number,
  hook: Hook,
) {
  const raw = (name: Projection) => {
    const b = params[`b_${name}`];
    const dModel = params.W_Q.shape[1]!;
    // [head, d_model, d_head] → [d_model, head · d_head]
    const W = tf.transpose(params[`W_${name}`], [1, 0, 2]);
    return (x: tf.Tensor) =>
      linear(x, tf.reshape(W, [dModel, dModel]), b && tf.reshape(b, [dModel]));
  };
  // […, d_head], for queries and keys that have a norm.
  const normed = (name: Projection, x: tf.Tensor) => {
    const part = NORMS[name];
    const norm = part && params[part];
    return norm ? layerNorm(x, norm, within(hook, part)) : x;
  };
  const projection = (name: Projection) => {
    const project = raw(name);
    if (!NORMS[name] || !params[NORMS[name]]) return project;
    return (x: tf.Tensor) => {
      const flat = project(x);
      const width = flat.shape.at(-1)!;
      const byHead = [...flat.shape.slice(0, -1), heads, width / heads];
      return tf.reshape(normed(name, tf.reshape(flat, byHead)), flat.shape);
    };
  };
  // Where activations are marked, they are so as they come, and normalised then.
  const project = (name: Projection, n: number) =>
    rows.shape.marked
      ? rows.map(raw(name)).byHead(
        heads,
        n,
        (x) => normed(name, hook(`hook_${name.toLowerCase()}`, x)),
      )
      : rows.map(projection(name)).byHead(heads, n, (x) => x);
  return { projection, project };
}

/**
 * The products of one query with all keys, where these are looked up: they depend on
 * the key's vector alone, so that they are looked up themselves.
 *
 * @param query [1, d_model].
 * @param keys d_model each.
 * @returns [batch, head, 1, key].
 */
function productsOfKinds(
  query: tf.Tensor,
  keys: Vectors,
  heads: number,
): tf.Tensor {
  const { batch, length } = keys.shape;
  const products = keys.map((k) => {
    const [kinds, width] = k.shape as [number, number];
    const byHead = tf.reshape(tf.mul(k, query), [kinds, heads, width / heads]);
    return tf.sum(byHead, 2);
  });
  const found = tf.reshape(products.last(length), [batch, length, heads]);
  return tf.expandDims(tf.transpose(found, [0, 2, 1]), 2);
}

/**
 * The vectors of all positions, weighted and summed, for one query: position by
 * position, which is faster than many products of a row with as few.
 *
 * @param pattern [batch, head, 1, key].
 * @param values d_model each, looked up.
 * @returns [batch, 1, head, d_head].
 */
function mixOfPositions(pattern: tf.Tensor, values: Vectors): tf.Tensor {
  const [batch, heads, , length] = pattern.shape as [
    number,
    number,
    number,
    number,
  ];
  const weights = tf.split(
    tf.reshape(pattern, [batch, heads, length]),
    length,
    2,
  );
  const sum = weights.map((weight, position) => {
    const value = values.at!(position);
    const [rows, width] = value.shape as [number, number];
    return tf.mul(weight, tf.reshape(value, [rows, heads, width / heads]));
  }).reduce((a, b) => tf.add(a, b));
  return tf.expandDims(sum, 1);
}

/**
 * s(x)/Σs over the keys that may be seen; the others have weight 0.
 *
 * @param scores [batch, head, query, key].
 * @param visible [query, key], 1 and 0.
 */
function stableMax(scores: tf.Tensor, visible?: tf.Tensor): tf.Tensor {
  const { s } = stableMaxTerms(scores);
  const kept = visible ? tf.mul(s, visible) : s;
  return tf.div(kept, tf.sum(kept, -1, true));
}

// Which keys lie behind each of the last queries; undefined where none do.
function hiddenKeys(queries: number, keys: number): boolean[][] | undefined {
  if (queries === 1) return undefined;
  const offset = keys - queries;
  return Array.from(
    { length: queries },
    (_, i) => Array.from({ length: keys }, (_, key) => key > offset + i),
  );
}

const masks = (hidden: boolean[][], seen: number, unseen: number) =>
  tf.tensor2d(hidden.map((row) => row.map((h) => h ? unseen : seen)));

/**
 * The parameters of attention.
 *
 * @param path What stands before the parameters' names, such as `blocks.0.attn`.
 * @param options Its sizes.
 * @param biases Whether Q, K, V and the output have biases.
 */
export function attentionParameters(
  path: string,
  { dModel, heads, qkNorm }: AttentionOptions,
  biases: boolean,
): Parameters {
  const dHead = dModel / heads;
  const fan = { fanIn: dModel, fanOut: dModel, nandaWidth: dModel };
  const entries = (names: string[], parameter: Parameters[string]) =>
    names.map((name) => [`${path}.${name}`, parameter] as const);
  const bias = (shape: number[]) =>
    ({ ...fan, kind: "attention bias", shape }) as const;
  return Object.fromEntries([
    ...entries(["W_Q", "W_K", "W_V"], {
      ...fan,
      kind: "projection",
      shape: [heads, dModel, dHead],
    }),
    ...entries(["W_O"], {
      ...fan,
      kind: "weight",
      shape: [heads, dHead, dModel],
    }),
    ...biases
      ? [
        ...entries(["b_Q", "b_K", "b_V"], bias([heads, dHead])),
        ...entries(["b_O"], bias([dModel])),
      ]
      : [],
    ...qkNorm
      ? ["q_norm", "k_norm"].flatMap((name) =>
        Object.entries(normParameters(`${path}.${name}`, dHead))
      )
      : [],
  ]);
}
