/**
 * A workload as a file that the peers' scripts read: they train on the same rows
 * from the same weights, so that their losses are ours.
 *
 * @module
 */

import { leavesOf } from "../lib/base/tree.ts";
import type { Experiment } from "../lib/experiment/experiment.ts";
import { type HostTensor, toNumbers } from "../lib/numeric/tensor.ts";
import { hostBatch } from "../models/batch.ts";

const held = (tensor: HostTensor) => ({
  shape: tensor.shape,
  data: [...toNumbers(tensor)],
});

/**
 * The text of the file that bench/peers/workloads.py reads.
 *
 * @param experiment The perceptron or the transformer of one layer, all train rows
 * in a step, StableMax, ⊥Grad per tensor, AdamW without decay.
 */
export function workFile({ config, model, params, split }: Experiment): string {
  const { inputs, labels } = hostBatch(split.train, model);
  const { precision, lossPrecision, lr, beta1, beta2, eps } = config;
  return JSON.stringify({
    model: config.model,
    tokens: model.input === "tokens",
    precision,
    lossPrecision,
    lr,
    beta1,
    beta2,
    eps,
    inputs: held(inputs),
    labels: [...toNumbers(labels)],
    weights: Object.fromEntries(
      leavesOf<HostTensor>(params).map(([path, leaf]) => [path, held(leaf)]),
    ),
  });
}

/**
 * Says where the losses of a peer's first steps are not ours.
 *
 * @param ours Losses, from the first step on.
 * @param theirs Some of the first.
 * @param rounding How far they may be apart, relative to ours.
 * @returns Undefined where they agree.
 */
export function otherWork(
  ours: readonly number[],
  theirs: readonly number[],
  rounding: number,
): string | undefined {
  const differs = theirs.findIndex((loss, i) =>
    !(Math.abs(loss - ours[i]!) <= rounding * Math.abs(ours[i]!))
  );
  if (theirs.length > 0 && differs < 0) return undefined;
  return theirs.length === 0
    ? "it gives no losses"
    : `its loss of step ${differs} is ${theirs[differs]}, ours ${
      ours[differs]
    }`;
}
