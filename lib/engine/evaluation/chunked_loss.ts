/**
 * The mean loss of all train rows and its gradient, of rows that go through the
 * model chunk by chunk.
 *
 * @module
 */

import { hostBatch } from "../../../models/batch.ts";
import { type HostState, prefixed, under } from "../../../models/buffers.ts";
import { CHUNK, numbersPerRow } from "../../../models/size.ts";
import { leavesOf, type Tree } from "../../base/tree.ts";
import { type Experiment, randomnessOf } from "../../experiment/experiment.ts";
import { mean } from "../../losses/mod.ts";
import { type HostTensor, toNumbers } from "../../numeric/tensor.ts";
import type { SessionOptions } from "../../onnx/runtime/options.ts";
import { widen } from "../../trace/precision.ts";
import { forwardOf, stateAndRows } from "../forward.ts";
import { namedPasses, onnxPasses } from "./passes.ts";

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
  const { split, model, loss, config: { lossPrecision } } = experiment;
  const rows = hostBatch(split.train, model);
  const n = rows.labels.shape[0]!;
  const forward = forwardOf(experiment, false);
  const passes = namedPasses(
    onnxPasses(randomnessOf(experiment.config), options),
    most,
  );
  const fixed = prefixed(
    "buffers.",
    Object.fromEntries(leavesOf<HostTensor>(buffers)),
  );
  const tensorsAt = (params: HostState) => ({
    ...prefixed("params.", params),
    ...fixed,
  });
  const number = (loss: HostTensor | undefined) => toNumbers(loss!)[0]!;
  return {
    async loss(params) {
      const { loss: sum } = await passes.overRows(
        "loss",
        (tensors) => {
          const { state, batch } = stateAndRows(tensors);
          const [z, y] = [
            forward.logits(state, batch),
            forward.labelsOf(batch),
          ];
          const terms = loss.terms(z, y, lossPrecision);
          return { loss: widen(mean(terms, lossPrecision, n)) };
        },
        tensorsAt(params),
        rows,
      );
      return number(sum);
    },
    async gradient(params) {
      const sums = await passes.overRows(
        "gradient",
        (tensors) => {
          const { state, batch } = stateAndRows(tensors);
          const slice = { first: 0, rows: batch.labels.shape[0]!, batch };
          const [value, gradients] = forward
            .lossAndGradients(state, [slice], [], n);
          return { loss: widen(value), gradients };
        },
        tensorsAt(params),
        rows,
      );
      return {
        loss: number(sums["loss"]),
        gradient: under(sums, "gradients."),
      };
    },
    close: () => passes.close(),
  };
}
