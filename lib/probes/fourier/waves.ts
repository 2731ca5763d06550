/**
 * What of a modular task's logits, or of an activation, is a function of the
 * answer's index: waves cos(w_k s), sin(w_k s) with s = a + b, for each class or
 * unit.
 *
 * @module
 */

import type { Matrix } from "../../numeric/matrix.ts";
import { type LogitChunk, logitChunks } from "../context/chunks.ts";
import type { ProbeContext } from "../context/context.ts";
import { cyclicOf } from "./anatomy.ts";

// So many numbers of projections are kept.
const KEPT = 2 ** 22;

/** The logits' waves. With n the group's order, w_k = 2πk/n. */
export interface LogitWaves {
  /** n. */
  readonly order: number;
  /** How many classes there are. */
  readonly classes: number;
  /** The mean over all pairs of each class's logit, [classes]. */
  readonly classMeans: Float64Array;
  /** The mean over the pairs with answer s of each class's logit, [n, classes]. */
  readonly byAnswer: Float64Array;
  /**
   * The logits' projection on a frequency's waves, as a function of s:
   * A_k[c]·cos(w_k s) + B_k[c]·sin(w_k s), [n, classes].
   */
  projection(k: number): Float64Array;
  /** The sum of the projections of some frequencies, [n, classes]. */
  sum(ks: readonly number[]): Float64Array;
}

/** The waves of logits, and how much there is to explain. */
export interface LogitsInWaves extends LogitWaves {
  /**
   * Σ over all pairs and the group's classes of the logits' squares, the mean of each
   * row taken off before.
   */
  readonly variance: number;
}

/** The waves of a checkpoint's logits, over all pairs of the task's group. */
export function logitWavesOf(context: ProbeContext): Promise<LogitsInWaves> {
  return context.once(
    "logit waves",
    async () => {
      const { rows } = cyclicOf(context);
      return await wavesOfChunks(context, logitChunks(context, rows));
    },
  );
}

/**
 * The waves of logits, or of units, over all pairs of the task's group.
 *
 * Every answer has n pairs. So the projection of a class's logits z over all n²
 * pairs on a function of the answer alone is that of their mean by answer.
 *
 * @param matrix [rows of the task, classes].
 */
export function answerWaves(
  context: ProbeContext,
  matrix: Matrix,
): LogitWaves {
  const { order: n, rows, answers } = cyclicOf(context);
  const byAnswer = new Float64Array(n * matrix.columns);
  addByAnswer(byAnswer, matrix, n, answers, rows);
  return wavesBy(byAnswer, n, matrix.columns);
}

/** The same of the group's pairs, in their order, in chunks. */
async function wavesOfChunks(
  context: ProbeContext,
  chunks: AsyncIterable<LogitChunk>,
): Promise<LogitsInWaves> {
  const { order: n, answers, residues } = cyclicOf(context);
  let byAnswer: Float64Array | undefined;
  let variance = 0;
  for await (const { first, logits } of chunks) {
    byAnswer ??= new Float64Array(n * logits.columns);
    addByAnswer(byAnswer, logits, n, answers.subarray(first));
    for (let row = 0; row < logits.rows; row++) {
      let sum = 0;
      let squares = 0;
      for (let i = 0; i < n; i++) {
        const z = logits.data[row * logits.columns + residues[i]!]!;
        sum += z;
        squares += z * z;
      }
      variance += squares - sum * sum / n;
    }
  }
  return { ...wavesBy(byAnswer!, n, byAnswer!.length / n), variance };
}

// Adds 1/n of each row to that of its answer.
function addByAnswer(
  byAnswer: Float64Array,
  { rows: count, columns, data }: Matrix,
  n: number,
  answers: Int32Array,
  rows?: Int32Array,
): void {
  for (let i = 0; i < (rows?.length ?? count); i++) {
    const to = answers[i]! * columns;
    const from = (rows?.[i] ?? i) * columns;
    for (let c = 0; c < columns; c++) {
      byAnswer[to + c]! += data[from + c]! / n;
    }
  }
}

function wavesBy(
  byAnswer: Float64Array,
  n: number,
  classes: number,
): LogitWaves {
  const classMeans = new Float64Array(classes);
  for (let i = 0; i < byAnswer.length; i++) {
    classMeans[i % classes]! += byAnswer[i]! / n;
  }
  const made = new Map<number, Float64Array>();
  const projection = (k: number) => {
    const known = made.get(k) ?? project(byAnswer, n, classes, k);
    // Of many classes and frequencies they would be more than the logits.
    if ((made.size + 1) * known.length <= KEPT) made.set(k, known);
    return known;
  };
  return {
    order: n,
    classes,
    classMeans,
    byAnswer,
    projection,
    sum(ks) {
      const sum = new Float64Array(n * classes);
      for (const k of ks) projection(k).forEach((z, i) => sum[i]! += z);
      return sum;
    },
  };
}

/** cos(w_k x) and sin(w_k x) for x = 0, …, n − 1. */
export function wavesOf(
  k: number,
  n: number,
): { readonly cos: Float64Array; readonly sin: Float64Array } {
  const angles = Float64Array.from(
    { length: n },
    // k·x is reduced first: large angles lose digits.
    (_, x) => 2 * Math.PI * ((k * x) % n) / n,
  );
  return { cos: angles.map(Math.cos), sin: angles.map(Math.sin) };
}

function project(
  byAnswer: Float64Array,
  n: number,
  classes: number,
  k: number,
): Float64Array {
  const { cos, sin } = wavesOf(k, n);
  const A = new Float64Array(classes);
  const B = new Float64Array(classes);
  // ‖cos‖² = ‖sin‖² = n/2; at k = n/2 the cosine's is n, and there is no sine.
  const [cosNorm, sinNorm] = 2 * k === n ? [n, Infinity] : [n / 2, n / 2];
  for (let s = 0; s < n; s++) {
    for (let c = 0; c < classes; c++) {
      const z = byAnswer[s * classes + c]!;
      A[c]! += z * cos[s]! / cosNorm;
      B[c]! += z * sin[s]! / sinNorm;
    }
  }
  const data = new Float64Array(n * classes);
  for (let s = 0; s < n; s++) {
    for (let c = 0; c < classes; c++) {
      data[s * classes + c] = A[c]! * cos[s]! + B[c]! * sin[s]!;
    }
  }
  return data;
}
