/**
 * The `logit-scaling` probe's rows: logits, loss and collapse of a network whose
 * weights are multiplied by α.
 *
 * @module
 */

import * as tf from "../../base/tfjs.ts";
import { mapTree } from "../../base/tree.ts";
import { type Loss, softmaxCrossEntropy } from "../../losses/mod.ts";
import { correct } from "../../losses/measures.ts";
import { collapsed } from "../../losses/softmax.ts";
import { finite, mean } from "../../numeric/statistics.ts";
import {
  type FloatDType,
  type HostTensor,
  toNumbers,
} from "../../numeric/tensor.ts";
import { cut, runInBatches } from "../../onnx/runtime/batches.ts";
import { compile } from "../../onnx/runtime/compile.ts";
import type { SessionOptions } from "../../onnx/runtime/options.ts";
import type { Session } from "../../onnx/runtime/session.ts";
import { toPrecision, widen } from "../../trace/precision.ts";
import type { ProbeContext } from "../context/context.ts";
import { lossAt } from "../context/experiment_at.ts";

/** The factors by which all weights are multiplied. */
export const ALPHAS = [0.5, 1, 2, 4] as const;

const PRECISIONS: readonly FloatDType[] = ["float16", "float32", "float64"];

/**
 * The network at one α, over every row of the task. What is null is no finite
 * number: the logits left the model's range, or are all 0.
 */
export interface ScalingRow {
  /** All weights are multiplied by this. */
  readonly alpha: number;
  /** Root mean square of the logits. */
  readonly logit_rms: number | null;
  /** Mean over the rows of the largest |logit|. */
  readonly logit_scale: number | null;
  /** Pearson correlation of f(αθ) with f(θ), over rows and classes. */
  readonly correlation: number | null;
  /** Share of the rows whose largest logit is the label's. */
  readonly accuracy: number;
  /** Mean loss, the one that it was trained on, computed in float64. */
  readonly loss: number | null;
  /**
   * Share of the rows with a logit that is infinite in float16, beyond 65,504:
   * they have no sum there, and do not count as collapsed.
   */
  readonly float16_overflow: number;
  /** Share of the rows in Softmax Collapse, by precision. */
  readonly softmax_collapse: Readonly<Record<FloatDType, number>>;
}

// So many rows in double precision stay in the processor's caches.
const ROWS_AT_ONCE = 1024;

// What the correlation is made of is kept of every row; of the rest the sum is.
const KEPT = ["mean_x", "mean_r", "xx", "rr", "xr"];

/** What rows have at one α. */
class Measured {
  readonly #count: number;
  readonly #sums = new Map<string, number>();
  readonly #kept = new Map<string, Float64Array>();

  /** Nothing yet, of so many rows. */
  constructor(count: number) {
    this.#count = count;
  }

  /** Takes some rows' measures, which begin at a place. */
  add(first: number, found: Readonly<Record<string, HostTensor>>): void {
    for (const [name, tensor] of Object.entries(found)) {
      const x = toNumbers(tensor);
      if (KEPT.includes(name)) {
        const all = this.#kept.get(name) ?? new Float64Array(this.#count);
        all.set(x, first);
        this.#kept.set(name, all);
      } else {
        let sum = this.#sums.get(name) ?? 0;
        for (const value of x) sum += value;
        this.#sums.set(name, sum);
      }
    }
  }

  /** The mean over all rows. */
  mean(name: string): number {
    return this.#sums.get(name)! / this.#count;
  }

  /** Of every row. */
  of(name: string): Float64Array {
    return this.#kept.get(name)!;
  }
}

/**
 * The rows of every α.
 *
 * @param context The checkpoint.
 * @param chunks The logits of every row of the task, [rows, classes]: of some rows
 * after the other, with the weights scaled by each of {@link ALPHAS}.
 */
export async function scalingRows(
  context: ProbeContext,
  chunks: AsyncIterable<readonly HostTensor[]>,
): Promise<ScalingRow[]> {
  const labels = context.labels();
  const measured = ALPHAS.map(() => new Measured(labels.shape[0]!));
  let measures: Session | undefined;
  let [classes, first] = [0, 0];
  try {
    for await (const scaled of chunks) {
      const reference = scaled[ALPHAS.indexOf(1)]!;
      const [count] = reference.shape as [number];
      classes = reference.shape[1]!;
      measures ??= await measuresOf(context, reference, labels);
      const own = cut(labels, first, first + count);
      for (const [i, logits] of scaled.entries()) {
        const found = await runInBatches(
          measures,
          { logits, reference, labels: own },
          measures.outputNames,
          { rowsAtOnce: ROWS_AT_ONCE },
        );
        measured[i]!.add(first, found);
      }
      first += count;
    }
  } finally {
    await measures?.close();
  }
  return ALPHAS.map((alpha, i) => rowOf(alpha, measured[i]!, classes));
}

function rowOf(
  alpha: number,
  measured: Measured,
  classes: number,
): ScalingRow {
  const average = (name: string) => measured.mean(name);
  return {
    alpha,
    logit_rms: finite(Math.sqrt(average("square"))),
    logit_scale: finite(average("scale")),
    correlation: finite(correlation((name) => measured.of(name), classes)),
    accuracy: average("correct"),
    loss: finite(average("loss")),
    float16_overflow: average("overflow"),
    softmax_collapse: {
      float16: average("float16"),
      float32: average("float32"),
      float64: average("float64"),
    },
  };
}

// So many rows as a batch has, or all.
function measuresOf(
  context: ProbeContext,
  reference: HostTensor,
  labels: HostTensor,
): Promise<Session> {
  const [, classes] = reference.shape as [number, number];
  const count = Math.min(labels.shape[0]!, ROWS_AT_ONCE);
  return rowMeasures(
    {
      logits: { ...reference, shape: [count, classes] },
      reference: { ...reference, shape: [count, classes] },
      labels: { ...labels, shape: [count] },
    },
    // What a file of another tool was trained with it does not say.
    lossAt(context) ?? softmaxCrossEntropy(),
    context.host,
  );
}

// A graph of the very functions that training measures with, row by row: loss,
// collapse and the rest are ONNX Runtime's arithmetic.
function rowMeasures(
  inputs: { logits: HostTensor; reference: HostTensor; labels: HostTensor },
  loss: Loss,
  options: SessionOptions,
) {
  return compile(
    ({ logits, reference, labels }) => {
      const z = logits as tf.Tensor2D;
      const y = labels as tf.Tensor1D;
      const [x, r] = [widen(z), widen(reference)];
      const [meanX, meanR] = [tf.mean(x, 1, true), tf.mean(r, 1, true)];
      const [dx, dr] = [tf.sub(x, meanX), tf.sub(r, meanR)];
      const flags = {
        correct: correct(z, y),
        overflow: tf.any(tf.isInf(widen(toPrecision(z, "float16"))), 1),
        ...Object.fromEntries(PRECISIONS.map((precision) => [
          precision,
          collapsed(z, precision, loss.temperature),
        ])),
      };
      return {
        square: tf.mean(tf.square(x), 1),
        scale: tf.max(tf.abs(z), 1),
        loss: loss.terms(z, y, "float64"),
        mean_x: tf.squeeze(meanX, [1]),
        mean_r: tf.squeeze(meanR, [1]),
        xx: tf.sum(tf.square(dx), 1),
        rr: tf.sum(tf.square(dr), 1),
        xr: tf.sum(tf.mul(dx, dr), 1),
        ...mapTree<tf.Tensor, tf.Tensor, typeof flags>(
          flags,
          (flag) => tf.cast(flag, "float32"),
        ),
      };
    },
    inputs,
    options,
  );
}

// Pearson's, of all rows and classes, from each row's mean and sums about it.
function correlation(
  of: (name: string) => Float64Array,
  classes: number,
): number {
  const [x, r] = [of("mean_x"), of("mean_r")];
  const [meanX, meanR] = [mean(x), mean(r)];
  const about = (sums: string, a: Float64Array, b: Float64Array) =>
    of(sums).reduce((sum, s, row) => sum + s + classes * a[row]! * b[row]!, 0);
  const dx = x.map((v) => v - meanX);
  const dr = r.map((v) => v - meanR);
  return about("xr", dx, dr) /
    Math.sqrt(about("xx", dx, dx) * about("rr", dr, dr));
}
