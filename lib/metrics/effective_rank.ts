/**
 * The effective rank of weights and hidden activations.
 *
 * @module
 */

import * as tf from "../base/tfjs.ts";
import {
  buffersOf,
  type HostState,
  withBuffers,
} from "../../models/buffers.ts";
import { CHUNK, chunksOf, isLarge, numbersPerRow } from "../../models/size.ts";
import { leavesOf } from "../base/tree.ts";
import { rootsOfGram } from "../numeric/eigen.ts";
import { type HostTensor, toNumbers } from "../numeric/tensor.ts";
import { cut } from "../onnx/runtime/batches.ts";
import { compile } from "../onnx/runtime/compile.ts";
import type { SessionOptions } from "../onnx/runtime/options.ts";
import type { Session } from "../onnx/runtime/session.ts";
import { widen } from "../trace/precision.ts";
import { activationsOf } from "./activations.ts";
import type { HostMetrics, Measurable, Meter } from "./group.ts";

// Not the biases, which attention has for each head.
const WEIGHT = /(^|\.)W[^.]*$/;
const HIDDEN = /hook_post$/;

/**
 * exp(−Σ p ln p) with p = σ/Σσ: n where n singular values are equal and all
 * others 0; not defined where all are 0.
 *
 * Source: Roy & Vetterli (EUSIPCO 2007), Definition 1.
 *
 * ```ts
 * import { effectiveRankOf } from "@groklab/groklab/train";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(effectiveRankOf([3, 3, 0]), 2);
 * ```
 *
 * @param singularValues σ, 0 or more.
 */
export function effectiveRankOf(singularValues: readonly number[]): number {
  const sum = singularValues.reduce((a, b) => a + b, 0);
  if (!(sum > 0)) return NaN;
  const entropy = singularValues.map((x) => x / sum)
    .reduce((h, p) => p > 0 ? h - p * Math.log(p) : h, 0);
  return Math.exp(entropy);
}

/**
 * The matrices of a tensor, [m, n, …] → [matrices, m, n]: of attention's
 * weights, [head, …, …], one for each head.
 */
const matricesOf = (x: tf.Tensor): tf.Tensor3D =>
  tf.reshape(x, [-1, x.shape.at(-2)!, x.shape.at(-1)!]);

// The last position's rows, [batch, width] or [batch, position, width] →
// [1, batch, width].
function lastOf(x: tf.Tensor): tf.Tensor3D {
  const [batch, width] = [x.shape[0]!, x.shape.at(-1)!];
  const last = x.shape.length === 3
    ? tf.slice(x, [0, x.shape[1]! - 1, 0], [-1, 1, -1])
    : x;
  return tf.reshape(last, [1, batch, width]);
}

/** XᵀX or XXᵀ, whichever is smaller: [matrices, m, n] → [matrices, k, k]. */
function gramOf(
  x: tf.Tensor3D,
  rows: boolean = x.shape[1] < x.shape[2],
): tf.Tensor {
  const wide = widen(x);
  return tf.matMul(wide, wide, !rows, rows);
}

/**
 * The effective rank of every weight matrix and of the hidden activations of the
 * train rows (`hook_post`; of sequences at the last position), not centred. Of a
 * stack of matrices each has its own, NAME.INDEX.
 *
 * The graph multiplies the Gram matrices in float64, from which
 * {@link rootsOfGram} makes the singular values.
 */
export const effectiveRank: HostMetrics = {
  summary: "effective rank of weights and hidden activations; slow",
  open: (experiment, options) => openRanks(experiment, options),
};

/**
 * Opens the meter of {@link effectiveRank}.
 *
 * @param most How many rows go through the model at once; all, unless they are too
 * many.
 */
export function openRanks(
  experiment: Measurable,
  options: SessionOptions,
  most: number = isLarge(experiment)
    ? Math.ceil(CHUNK / numbersPerRow(experiment))
    : Infinity,
): Promise<Meter> {
  const { split } = experiment;
  const n = split.train.inputs.length;
  const chunks = chunksOf(n, Math.min(n, most));
  const sessions = new Map<number, Promise<Session>>();
  const gramsOf = async (tensors: HostState, inputs: HostTensor) => {
    const [rows] = inputs.shape as [number];
    const session = sessions.get(rows) ??
      gramSession(experiment, inputs, n, options);
    sessions.set(rows, session);
    return await (await session).run({ ...tensors, inputs });
  };
  return Promise.resolve({
    async measure(state, inputs) {
      const grams = new Map<string, HostTensor>();
      for (const [from, to] of chunks) {
        const found = await gramsOf(onlyModel(state), cut(inputs, from, to));
        for (const [name, gram] of Object.entries(found)) {
          const before = HIDDEN.test(name) ? grams.get(name) : undefined;
          grams.set(name, before ? sumOf(before, gram) : gram);
        }
      }
      const columns: Record<string, number> = {};
      for (const [name, { shape, data }] of grams) {
        const [count, k] = shape as [number, number, number];
        const all = toNumbers({ data });
        for (let i = 0; i < count; i++) {
          const gram = all.subarray(i * k * k, (i + 1) * k * k);
          const which = count === 1 ? name : `${name}.${i}`;
          const roots = await rootsOfGram({ rows: k, columns: k, data: gram });
          columns[`effective_rank.${which}`] = effectiveRankOf(roots);
        }
      }
      return columns;
    },
    async close() {
      for (const session of sessions.values()) await (await session).close();
    },
  });
}

// The Gram matrices of the weights, and of the hidden activations of some of n rows:
// XᵀX is the sum of its parts', and of few rows, which come in one part, XXᵀ.
function gramSession(
  experiment: Measurable,
  inputs: HostTensor,
  n: number,
  options: SessionOptions,
): Promise<Session> {
  const { model, params } = experiment;
  return compile(
    ({ params, buffers, inputs }) => {
      const matrices = leavesOf<tf.Tensor>(params)
        .filter(([path, w]) => WEIGHT.test(path) && w.shape.length >= 2)
        .map(([path, w]) => [path, matricesOf(w)] as const);
      const all = withBuffers<tf.Tensor>(params, buffers);
      const hidden = [...activationsOf(model, all, inputs)]
        .filter(([name]) => HIDDEN.test(name))
        .map(([name, x]) => [name, lastOf(x)] as const);
      return Object.fromEntries([
        ...matrices.map(([name, x]) => [name, gramOf(x)]),
        ...hidden.map(([name, x]) => [name, gramOf(x, n < x.shape[2])]),
      ]);
    },
    { params, buffers: buffersOf(experiment), inputs },
    options,
  );
}

const sumOf = (a: HostTensor, b: HostTensor): HostTensor => {
  const more = b.data as Float64Array;
  const data = (a.data as Float64Array<ArrayBuffer>)
    .map((x, i) => x + more[i]!);
  return { ...a, data };
};

const onlyModel = (state: HostState) =>
  Object.fromEntries(
    Object.entries(state).filter(([path]) => !path.startsWith("optimizer.")),
  );
