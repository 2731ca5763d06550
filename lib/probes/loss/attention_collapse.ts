/**
 * Softmax collapse inside attention.
 *
 * @module
 */

import * as tf from "../../base/tfjs.ts";
import { collapsedRows, SCORES } from "../../metrics/attention.ts";
import { asMatrix, rowsAt } from "../../numeric/matrix.ts";
import {
  type FloatDType,
  hostTensorOf,
  toNumbers,
} from "../../numeric/tensor.ts";
import { runTraced } from "../../onnx/runtime/compile.ts";
import { widen } from "../../trace/precision.ts";
import type { ProbeContext } from "../context/context.ts";
import { PRECISIONS } from "./softmax_rows.ts";

/** Softmax collapse inside attention, of one head at one position. */
export interface AttentionCollapse {
  /** `blocks.0.attn`. */
  readonly layer: string;
  /** Which of its heads. */
  readonly head: number;
  /** The position that looks. */
  readonly query: number;
  /** Share of the train rows whose attention there is all on one position. */
  readonly collapse: Readonly<Record<FloatDType, number>>;
}

/**
 * Softmax collapse of every head at every position that sees more than one, over the
 * train rows.
 */
export async function attentionCollapse(
  context: ProbeContext,
): Promise<AttentionCollapse[]> {
  const { rows } = context.task.split().train;
  const found: AttentionCollapse[] = [];
  for (const name of context.model.hookNames) {
    const [, layer] = SCORES.exec(name) ?? [];
    if (layer === undefined) continue;
    const all = await context.activation(name);
    const row = all.shape.slice(1) as [number, number, number];
    const scores = rowsAt(asMatrix(all), rows);
    const counts = await runTraced(
      ({ scores }) =>
        Object.fromEntries(PRECISIONS.map((precision) => {
          const { lost, open } = collapsedRows(scores, precision);
          const count = (flags: tf.Tensor) =>
            tf.sum(widen(tf.cast(flags, "float32")), 0); // [head, query]
          return [precision, { lost: count(lost), open: count(open) }];
        })),
      { scores: hostTensorOf("float64", [rows.length, ...row], scores.data) },
      context.host,
    );
    const [heads, queries] = row;
    const of = (precision: FloatDType, what: string, place: number) =>
      toNumbers(counts[`${precision}.${what}`]!)[place]!;
    for (let head = 0; head < heads; head++) {
      for (let query = 0; query < queries; query++) {
        const place = head * queries + query;
        const open = of("float64", "open", place);
        if (open === 0) continue;
        const share = (precision: FloatDType) =>
          of(precision, "lost", place) / open;
        found.push({
          layer,
          head,
          query,
          collapse: {
            float16: share("float16"),
            float32: share("float32"),
            float64: share("float64"),
          },
        });
      }
    }
  }
  return found;
}
