/**
 * The mean loss of all train rows and its gradient, of rows that go through the
 * model chunk by chunk.
 *
 * @module
 */

import type * as tf from "../../base/tfjs.ts";
import { type Batch, hostBatch } from "../../../models/batch.ts";
import { type HostState, prefixed, under } from "../../../models/buffers.ts";
import { CHUNK, chunksOf, numbersPerRow } from "../../../models/size.ts";
import { leavesOf, type Tree } from "../../base/tree.ts";
import { type Experiment, stepKey } from "../../experiment/experiment.ts";
import { mean } from "../../losses/mod.ts";
import {
  type HostTensor,
  hostTensorOf,
  toNumbers,
} from "../../numeric/tensor.ts";
import { cut } from "../../onnx/runtime/batches.ts";
import type { SessionOptions } from "../../onnx/runtime/options.ts";
import type { Params } from "../../optim/mod.ts";
import { widen } from "../../trace/precision.ts";
import { forwardOf, type ModelState } from "../forward.ts";
import { added, namedPasses, onnxPasses, type PassFunction } from "./passes.ts";

/** The train loss of an experiment. */
export interface ChunkedLoss {
  /** The mean loss at some parameters, by path. */
  loss(params: HostState): Promise<number>;
  /** The mean loss and its gradient, by the parameters' paths. */
  gradient(
    params: HostState,
  ): Promise<{ readonly loss: number; readonly gradient: HostState }>;
  /** Gives its sessions' memory back. */
  close(): Promise<void>;
}

// Long: loss and gradient share the rows and the passes.
/**
 * Opens the mean loss of an experiment's train rows. Parts are added up in double
 * precision.
 *
 * @param experiment Model, loss and rows.
 * @param buffers The model's buffers, where it has any.
 * @param options Where it runs.
 * @param most How many rows go through the model at once.
 */
export function openChunkedLoss(
  experiment: Experiment,
  buffers: Tree<HostTensor>,
  options: SessionOptions = {},
  most: number = Math.ceil(CHUNK / numbersPerRow(experiment)),
): ChunkedLoss {
  const { split, model, loss, config } = experiment;
  const { lossPrecision } = config;
  const { inputs, labels } = hostBatch(split.train, model);
  const n = labels.shape[0]!;
  const forward = forwardOf(experiment, false);
  const passes = namedPasses(onnxPasses(stepKey(config), options));
  const fixed = prefixed(
    "buffers.",
    Object.fromEntries(leavesOf<HostTensor>(buffers)),
  );

  const through = async (name: string, fn: PassFunction, params: HostState) => {
    const sums = new Map<string, HostTensor>();
    for (const [from, to] of chunksOf(n, most)) {
      const feeds = {
        ...prefixed("params.", params),
        ...fixed,
        inputs: cut(inputs, from, to),
        labels: cut(labels, from, to),
      };
      const found = await passes.run(`${name} ${to - from}`, fn, feeds, 0);
      for (const [path, x] of Object.entries(found)) {
        sums.set(path, added(sums.get(path), x));
      }
    }
    return Object.fromEntries(sums);
  };
  const given = (tensors: Tree<tf.Tensor>) => {
    const { params, buffers, ...batch } = tensors as unknown as
      & ModelState
      & Batch;
    return { state: { params, ...(buffers && { buffers }) }, batch };
  };
  return {
    async loss(params) {
      const sums = await through("loss", (tensors) => {
        const { state, batch } = given(tensors);
        const [z, y] = [forward.logits(state, batch), forward.labelsOf(batch)];
        const terms = loss.terms(z, y, lossPrecision);
        return { loss: widen(mean(terms, lossPrecision, n)) };
      }, params);
      return toNumbers(sums["loss"]!)[0]!;
    },
    async gradient(params) {
      const sums = await through("gradient", (tensors) => {
        const { state, batch } = given(tensors);
        const slice = { first: 0, rows: batch.labels.shape[0]!, batch };
        const [value, gradient] = forward
          .lossAndGradients(state, [slice], [], n);
        return { loss: widen(value), gradient: gradient as Params };
      }, params);
      const gradient = Object.entries(under(sums, "gradient."))
        .map(([path, { shape, data }]): [string, HostTensor] => [
          path,
          hostTensorOf(params[path]!.dtype, shape, data as Float64Array),
        ]);
      return {
        loss: toNumbers(sums["loss"]!)[0]!,
        gradient: Object.fromEntries(gradient),
      };
    },
    close: () => passes.close(),
  };
}
