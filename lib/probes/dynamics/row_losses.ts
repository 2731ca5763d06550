/**
 * The loss of each row over the updates that follow a checkpoint.
 *
 * @module
 */

import { type Batch, hostBatches } from "../../../models/batch.ts";
import { type HostState, under, withBuffers } from "../../../models/buffers.ts";
import { isLarge } from "../../../models/size.ts";
import { leavesOf } from "../../base/tree.ts";
import { onnxPasses } from "../../engine/evaluation/passes.ts";
import { forwardOf, type ModelState } from "../../engine/forward.ts";
import { onnxEngine } from "../../engine/onnx/onnx_engine.ts";
import { constant, hostStateOf, initialState } from "../../engine/state.ts";
import type { Snapshot } from "../../engine/engine.ts";
import { type Experiment, randomnessOf } from "../../experiment/experiment.ts";
import type { Vector } from "../../numeric/lanczos.ts";
import { type HostTensor, toNumbers } from "../../numeric/tensor.ts";
import type { SessionOptions } from "../../onnx/runtime/options.ts";
import { widen } from "../../trace/precision.ts";
import type { ProbeContext } from "../context/context.ts";
import {
  type ExperimentAt,
  experimentAt,
  optimizerAt,
} from "../context/experiment_at.ts";
import { NotApplicableError } from "../context/not_applicable.ts";

/** The losses of rows, one behind the other in time: steps + 1 vectors of them. */
export interface RowLosses {
  /** Of the train rows. */
  readonly train: readonly Vector[];
  /** Of the test rows. */
  readonly test: readonly Vector[];
}

/**
 * Goes on with a checkpoint's training, as its run did or would have, and keeps the
 * loss of every train and test row before each update and after the last: from the
 * run's optimizer state, with its batches, in its precision, on the processor.
 * Nothing is written. The losses are in the loss's precision.
 *
 * @param context The checkpoint.
 * @param steps How many updates, 1 or more.
 * @throws {NotApplicableError} if the optimizer's state is not there, the training
 * changes its settings on the way or diverges, or the rows are too many at once.
 */
export async function followRows(
  context: ProbeContext,
  steps: number,
): Promise<RowLosses> {
  const experiment = experimentAt(context);
  const step = context.step ?? 0;
  const { source } = context.model;
  const changes = experiment.config.switches.some(({ at }) =>
    at > step && at < step + steps
  );
  if (changes) {
    throw new NotApplicableError(
      `${source} cannot be followed for ${steps} updates: its run switches ` +
        "settings on the way",
    );
  }
  if (isLarge(experiment)) {
    throw new NotApplicableError(
      `${source} has too many rows for the loss of each at every update`,
    );
  }
  const start = { step, state: await stateAt(context, experiment) };
  const { diverged, ...losses } = await rowLosses(
    experiment,
    start,
    steps,
    context.host,
  );
  if (diverged === undefined) return losses;
  throw new NotApplicableError(
    `${source} cannot be followed for ${steps} updates: it diverges at step ` +
      diverged,
  );
}

/**
 * Trains an experiment on, and keeps the loss of every row before each update and
 * after the last.
 *
 * @param experiment What is trained.
 * @param start Its state.
 * @param steps How many updates, 1 or more.
 * @param options Where it is computed.
 * @returns The losses, up to where it diverged, if it did.
 */
export async function rowLosses(
  experiment: Experiment,
  start: Snapshot,
  steps: number,
  options: SessionOptions = {},
): Promise<RowLosses & { readonly diverged?: number }> {
  const engine = await onnxEngine(experiment, options, start);
  const rows = await openRows(experiment, options, start.state);
  try {
    const losses = [await rows.at(start.state)];
    let end: number | undefined;
    for (let made = 0; made < steps; made++) {
      const { diverged } = await engine.advance(1, Number.MAX_SAFE_INTEGER);
      if (diverged !== undefined) {
        end = diverged;
        break;
      }
      losses.push(await rows.at(await engine.state()));
    }
    return {
      train: losses.map(({ train }) => train),
      test: losses.map(({ test }) => test),
      ...(end !== undefined && { diverged: end }),
    };
  } finally {
    await rows.close();
    await engine.close();
  }
}

// What the engine goes on from.
async function stateAt(
  context: ProbeContext,
  experiment: ExperimentAt,
): Promise<HostState> {
  const { params, buffers } = experiment;
  const tensors = leavesOf<HostTensor>(withBuffers(params, buffers));
  const known = await optimizerAt(context);
  const fresh = under(await initialState(experiment), "optimizer.");
  if (!known && Object.keys(fresh).length > 0 && context.step !== 0) {
    throw new NotApplicableError(
      `${context.model.source} has no optimizer state beside it, from which its ` +
        "training could go on",
    );
  }
  return hostStateOf(
    experiment,
    Object.fromEntries(tensors),
    known ?? fresh,
  );
}

// The forward pass, as in evaluation, on both sets.
async function openRows(
  experiment: Experiment,
  options: SessionOptions,
  like: HostState,
) {
  const { loss, model, split, config } = experiment;
  const forward = forwardOf(experiment, false);
  const batches = hostBatches(split, model);
  const pass = await onnxPasses(randomnessOf(config), options)(
    (tensors) => {
      const terms = ({ inputs, labels }: Batch<HostTensor>) => {
        const batch = { inputs: constant(inputs), labels: constant(labels) };
        const z = forward.logits(tensors as ModelState, batch);
        const y = forward.labelsOf(batch);
        return widen(loss.terms(z, y, config.lossPrecision));
      };
      return { train: terms(batches.train), test: terms(batches.test) };
    },
    tensorsOf(like),
  );
  return {
    async at(state: HostState) {
      const { train, test } = await pass.run(tensorsOf(state), 0);
      return {
        train: Float64Array.from(toNumbers(train!)),
        test: Float64Array.from(toNumbers(test!)),
      };
    },
    close: () => pass.close(),
  };
}

// Parameters and buffers of a state.
const tensorsOf = (state: HostState): HostState =>
  Object.fromEntries(
    Object.entries(state).filter(([path]) => !path.startsWith("optimizer.")),
  );
