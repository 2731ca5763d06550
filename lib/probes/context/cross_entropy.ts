/**
 * Softmax cross-entropy and accuracy in double precision, row by row.
 *
 * @module
 */

import * as tf from "../../base/tfjs.ts";
import { checkOptions } from "../../base/options.ts";
import type { HostTensor } from "../../numeric/tensor.ts";
import { compile } from "../../onnx/runtime/compile.ts";
import { SESSION, type SessionOptions } from "../../onnx/runtime/options.ts";
import type { Session } from "../../onnx/runtime/session.ts";
import { widen } from "../../trace/precision.ts";

/** Loss and accuracy over some rows. */
export interface Scores {
  /** Mean softmax cross-entropy, in nats. */
  readonly loss: number;
  /** Share of the rows whose largest logit is the label's, 0..1. */
  readonly accuracy: number;
}

/** A label's loss, and which class is largest, of rows of logits. */
export interface RowScores {
  /** −log softmax(z)_label of a row. */
  loss(row: number, label: number): number;
  /** The class of a row's largest logit; of several alike the first. */
  readonly largest: ArrayLike<number>;
}

/**
 * Scores logits. Exponentials of millions of them are much of a probe's time, and
 * ONNX Runtime takes several at once. Its graphs, one for each shape, are kept until
 * the end:
 *
 *     await using scorer = new Scorer(context.host);
 */
export class Scorer implements AsyncDisposable {
  readonly #options: SessionOptions;
  readonly #sessions = new Map<string, Promise<Session>>();

  /** A scorer that runs its graphs in ONNX Runtime with these options. */
  constructor(options: SessionOptions = {}) {
    checkOptions("Scorer", options, SESSION);
    this.#options = options;
  }

  /**
   * What is needed of each row of logits to score it against any label.
   *
   * @param z Logits, float32 or float64 [rows, classes].
   */
  async rows(z: HostTensor): Promise<RowScores> {
    const classes = z.shape[1]!;
    const key = `${z.dtype} ${z.shape}`;
    const session = this.#sessions.get(key) ?? rowsGraph(z, this.#options);
    this.#sessions.set(key, session);
    const { largest, log_sum } = await (await session).run({ z });
    const { data } = z as { data: Float32Array | Float64Array };
    const logSum = log_sum!.data as Float64Array;
    return {
      largest: largest!.data as Int32Array,
      loss: (row, label) => logSum[row]! - data[row * classes + label]!,
    };
  }

  /** Gives the graphs' memory back. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#sessions.values()) {
      await (await session).close();
    }
    this.#sessions.clear();
  }
}

/** Some rows of logits, and what to score them against. */
export interface LabelledChunk {
  /** The place of the first among all. */
  readonly first: number;
  /** Logits, float32 or float64 [rows, classes]. */
  readonly z: HostTensor;
}

/**
 * Scores rows that come in chunks, against some labels of each.
 *
 * @param scorer Of the logits.
 * @param chunks The rows, in their order.
 * @param labels Lists of a label for each row; a row of which one is −1 is not asked
 * for its loss by that list.
 */
export async function scoresInChunks(
  scorer: Scorer,
  chunks: AsyncIterable<LabelledChunk>,
  labels: readonly ArrayLike<number>[],
): Promise<RowScores> {
  const n = labels[0]!.length;
  const losses = labels.map(() => new Float64Array(n));
  const largest = new Int32Array(n);
  for await (const { first, z } of chunks) {
    const scored = await scorer.rows(z);
    for (let i = 0; i < z.shape[0]!; i++) {
      largest[first + i] = scored.largest[i]!;
      labels.forEach((own, k) => {
        const label = own[first + i]!;
        if (label >= 0) losses[k]![first + i] = scored.loss(i, label);
      });
    }
  }
  return {
    largest,
    loss(row, label) {
      const k = labels.findIndex((own) => own[row] === label);
      if (k >= 0) return losses[k]![row]!;
      throw new RangeError(
        `Cannot tell the loss of row ${row}: label ${label}`,
      );
    },
  };
}

function rowsGraph(z: HostTensor, options: SessionOptions): Promise<Session> {
  return compile(
    ({ z }) => {
      const wide = widen(z);
      const most = tf.max(wide, 1, true);
      const sum = tf.sum(tf.exp(tf.sub(wide, most)), 1);
      return {
        largest: tf.cast(tf.argMax(z, 1), "int32"),
        log_sum: tf.add(tf.log(sum), tf.squeeze(most, [1])),
      };
    },
    { z },
    options,
  );
}

/**
 * Loss and accuracy over some rows.
 *
 * @param scores Of every row.
 * @param rows Which rows.
 * @param labels The label of each of these.
 */
export function scoresOver(
  { loss, largest }: RowScores,
  rows: ArrayLike<number>,
  labels: ArrayLike<number>,
): Scores {
  let total = 0;
  let right = 0;
  for (let i = 0; i < rows.length; i++) {
    total += loss(rows[i]!, labels[i]!);
    if (largest[rows[i]!] === labels[i]) right++;
  }
  return { loss: total / rows.length, accuracy: right / rows.length };
}
