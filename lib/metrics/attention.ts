/**
 * Softmax collapse inside attention.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import { collapsed } from "../losses/softmax.ts";
import type { FloatDType } from "../numeric/tensor.ts";
import { scalar, widen } from "../trace/precision.ts";
import type { Columns, GraphMetrics, Named } from "./group.ts";

// Positions that may not be looked at have scores far below any real one.
const VISIBLE = -1e9;

const count = (flags: tf.Tensor, axis?: number[]) =>
  tf.sum(widen(tf.cast(flags, "float32")), axis);

/** The name of the scores' hook; its group is the layer. */
export const SCORES = /^(.*)\.hook_attn_scores$/;

/**
 * Which rows of attention are in softmax collapse, Σ exp(score − max) = 1 exactly:
 * all of such a row's attention is on one position.
 *
 * @param scores [batch, head, query, key].
 * @param precision The softmax's.
 * @returns [batch, head, query], bool: which are, and which could be, because they
 * see more than one position.
 */
export function collapsedRows(
  scores: tf.Tensor,
  precision: FloatDType,
): { lost: tf.Tensor; open: tf.Tensor } {
  const rows = scores.shape.slice(0, 3);
  const keys = scores.shape[3]!;
  const seen = tf.greater(scores, scalar(VISIBLE));
  const open = tf.greater(count(seen, [3]), scalar(1));
  const flat = tf.reshape(scores, [-1, keys]) as tf.Tensor2D;
  const lost = tf.logicalAnd(
    tf.reshape(collapsed(flat, precision), rows),
    open,
  );
  return { lost, open };
}

// Of each layer how many rows are lost and how many could be, by head.
function lostByLayer(
  activations: ReadonlyMap<string, tf.Tensor>,
  precision: FloatDType,
): Named {
  const layers = [...activations].flatMap(([name, scores]) => {
    const [, layer] = SCORES.exec(name) ?? [];
    return layer === undefined ? [] : [{ layer, scores }];
  });
  const counts = layers.flatMap(({ layer, scores: all }, i) => {
    const queries = all.shape[2]!;
    const last = i === layers.length - 1;
    const scores = last
      ? tf.slice(all, [0, 0, queries - 1, 0], [-1, -1, 1, -1])
      : all; // [batch, head, query, key]
    const { lost, open } = collapsedRows(scores, precision);
    return [
      [`lost ${layer}`, count(lost, [0, 2])],
      [`open ${layer}`, count(open, [0, 2])],
    ];
  });
  return Object.fromEntries(counts);
}

/**
 * The share of attention's rows in softmax collapse ({@link collapsedRows}), in
 * the model's precision: for all heads, and for each as
 * `attention_collapse.BLOCK.attn.HEAD`.
 *
 * Rows that see but one position are left out, being so by construction; of the
 * last block only the last query counts, since the logits are read there.
 */
export const attention: GraphMetrics = {
  summary: "softmax collapse inside attention, by head",
  make: ({ config: { precision } }) => ({ sums }) => {
    const counted = sums((activations) => lostByLayer(activations, precision));
    const own: Record<string, tf.Tensor> = {};
    const counts = Object.keys(counted).flatMap((name) => {
      const [, layer] = /^lost (.*)/.exec(name) ?? [];
      return layer === undefined ? [] : [layer];
    }).map((layer) => {
      const some = counted[`lost ${layer}`]!; // [head]
      const of = counted[`open ${layer}`]!; // [head]
      const share = tf.div(some, of);
      for (let head = 0; head < some.shape[0]!; head++) {
        own[`attention_collapse.${layer}.${head}`] = tf.reshape(
          tf.slice(share, [head], [1]),
          [],
        );
      }
      return { some: tf.sum(some), of: tf.sum(of) };
    });
    if (counts.length === 0) return {};
    const total = (key: "some" | "of") =>
      counts.map((c) => c[key]).reduce((sum, x) => tf.add(sum, x));
    const columns: Columns = {
      attention_collapse: tf.div(total("some"), total("of")),
      ...own,
    };
    return columns;
  },
};
