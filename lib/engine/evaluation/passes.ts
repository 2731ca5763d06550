/**
 * Functions of tensors made ready for running on host tensors, many times, in the
 * engine that trains: what an evaluation in chunks is made of.
 *
 * @module
 */

import * as tf from "../../base/tfjs.ts";
import type { Batch } from "../../../models/batch.ts";
import type { HostState } from "../../../models/buffers.ts";
import { chunksOf } from "../../../models/size.ts";
import { leavesOf, type Tree, treeOf } from "../../base/tree.ts";
import type { OpenBackend } from "../../devices/tfjs/backends.ts";
import {
  type HostTensor,
  hostTensorOf,
  toDType,
  toNumbers,
} from "../../numeric/tensor.ts";
import { encodeModel, modelOf } from "../../onnx/file/model.ts";
import { cut } from "../../onnx/runtime/batches.ts";
import { specsOf } from "../../onnx/runtime/compile.ts";
import type { SessionOptions } from "../../onnx/runtime/options.ts";
import { openSession } from "../../onnx/runtime/session.ts";
import { trace } from "../../trace/backend.ts";
import type { Draw, Randomness } from "../../trace/random.ts";
import { STEP, STEP_SPEC } from "../onnx/loop_parts.ts";
import { toDevice, toHost } from "../state.ts";

/** A function of tensors by path, and of what is random in a step. */
export type PassFunction = (
  tensors: Tree<tf.Tensor>,
  draw: Draw,
) => Tree<tf.Tensor>;

/** Such a function, ready to run. */
export interface Pass {
  /**
   * Runs it.
   *
   * @param inputs Tensors of the types and shapes that it was opened for.
   * @param step Updates made before.
   * @returns The results by path.
   */
  run(inputs: HostState, step: number): Promise<HostState>;
  /** Gives its memory back. */
  close(): Promise<void>;
}

/**
 * Opens a function for tensors like the given ones, of which only types and shapes
 * matter.
 */
export type OpenPass = (fn: PassFunction, like: HostState) => Promise<Pass>;

/**
 * Passes by name, each opened when it is first wanted.
 *
 * @param open What prepares functions for running.
 * @param rowsAtOnce How many rows go through a pass over rows at once.
 */
export function namedPasses(open: OpenPass, rowsAtOnce: number) {
  const passes = new Map<string, Promise<Pass>>();
  const run = async (
    name: string,
    fn: PassFunction,
    inputs: HostState,
    step: number,
  ): Promise<HostState> => {
    const pass = passes.get(name) ?? open(fn, inputs);
    passes.set(name, pass);
    return await (await pass).run(inputs, step);
  };
  return {
    /** Runs one. */
    run,
    /**
     * Runs one on rows, chunk by chunk, with the model's tensors. What it gives as
     * `rows.…` is laid end to end, of `maxima.…` the greatest is kept, and the rest
     * is added up, in double precision;
     * `gradients.…` are then rounded to their parameters' type.
     */
    async overRows(
      name: string,
      fn: PassFunction,
      model: HostState,
      { inputs, labels }: Batch<HostTensor>,
      step = 0,
    ): Promise<HostState> {
      const n = labels.shape[0]!;
      const found: Record<string, HostTensor> = {};
      for (const [from, to] of chunksOf(n, rowsAtOnce)) {
        const part = await run(`${name} ${to - from}`, fn, {
          ...model,
          inputs: cut(inputs, from, to),
          labels: cut(labels, from, to),
        }, step);
        for (const [path, x] of Object.entries(part)) {
          found[path] = path.startsWith("rows.")
            ? placed(found[path], x, from, n)
            : together(found[path], x, path.startsWith("maxima."));
        }
      }
      for (const [path, sum] of Object.entries(found)) {
        const own = model[path.replace(/^gradients\./, "params.")];
        if (own) found[path] = toDType(sum, own.dtype);
      }
      return found;
    },
    /** Gives their memory back. */
    async close(): Promise<void> {
      for (const pass of passes.values()) await (await pass).close();
      passes.clear();
    },
  };
}

// The rows so far, [n], with others behind them.
function placed(
  rows: HostTensor | undefined,
  part: HostTensor,
  from: number,
  n: number,
): HostTensor {
  const data = rows?.data as Float64Array<ArrayBuffer> ?? new Float64Array(n);
  data.set(toNumbers(part), from);
  return { dtype: "float64", shape: [n], data };
}

// The sum, or the greatest, so far and another part.
function together(
  soFar: HostTensor | undefined,
  part: HostTensor,
  greatest: boolean,
): HostTensor {
  const total = toNumbers(part);
  const before = soFar?.data as Float64Array | undefined;
  before?.forEach((x, i) =>
    total[i] = greatest ? Math.max(total[i]!, x) : total[i]! + x
  );
  return {
    ...part,
    dtype: "float64",
    data: total as Float64Array<ArrayBuffer>,
  };
}

/**
 * Passes in ONNX Runtime.
 *
 * @param random What is random in them.
 * @param options Where they run.
 */
export function onnxPasses(
  { key, generator }: Randomness,
  options: SessionOptions,
): OpenPass {
  return async (fn, like) => {
    const graph = trace(
      ({ [STEP]: time, ...tensors }) =>
        fn(tensors as Tree<tf.Tensor>, {
          key: tf.tensor1d(Int32Array.from(key), "int32"),
          generator,
          time: time as tf.Tensor,
        }),
      { ...specsOf(treeOf(Object.entries(like))), [STEP]: STEP_SPEC },
    );
    const model = modelOf(graph, { name: "pass" });
    const session = await openSession(encodeModel(model), options);
    return {
      run: (inputs, step) =>
        session.run({ ...inputs, [STEP]: hostTensorOf("int64", [], [step]) }),
      close: () => session.close(),
    };
  };
}

/**
 * Passes in TensorFlow.js.
 *
 * @param random What is random in them.
 * @param device The backend.
 */
export function tfjsPasses(random: Randomness, device: OpenBackend): OpenPass {
  return (fn) =>
    Promise.resolve({
      async run(inputs, step) {
        device.use();
        const kept = tf.tidy(() => {
          const made = fn(toDevice(inputs), { ...random, time: step });
          return Object.fromEntries(leavesOf<tf.Tensor>(made));
        });
        const results = await toHost(kept);
        tf.dispose(kept);
        device.check();
        return results;
      },
      close: () => Promise.resolve(),
    });
}
