/**
 * The step of an experiment as a graph, and what of it the training loop runs.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
import { hostBatches, mapBatches } from "../../../models/batch.ts";
import type { HostState } from "../../../models/buffers.ts";
import { isLarge } from "../../../models/size.ts";
import { type Tree, treeOf } from "../../base/tree.ts";
import { type Experiment, stepKey } from "../../experiment/experiment.ts";
import { encodeModel } from "../../onnx/file/model.ts";
import { specsOf } from "../../onnx/runtime/compile.ts";
import { foldConstants } from "../../onnx/runtime/fold.ts";
import type { SessionOptions } from "../../onnx/runtime/options.ts";
import { type Placement, placementOf } from "../../onnx/runtime/placement.ts";
import { trace } from "../../trace/backend.ts";
import type { Graph } from "../../trace/graph.ts";
import { expandSegmentSums } from "../../trace/operators/segments.ts";
import { constant, initialState } from "../state.ts";
import { makeStep, type State } from "../step.ts";
import { loopModel, STEP, STEP_SPEC } from "./loop_graph.ts";
import { loopInputs } from "./loop_session.ts";
import { stackedStep } from "./stacked_step.ts";

/**
 * What depends on the data alone is computed once, but for tensors of more
 * elements, which would lie in memory all the time.
 */
const FOLDED = 2 ** 23;

/**
 * The step as a graph: the state goes in and out, its number goes in, the data
 * are constants.
 *
 * @param experiment What to train.
 * @param state A state, of which only types and shapes matter.
 * @param options Where it will run: on a processor train rows go in slices.
 */
export function traceStep(
  experiment: Experiment,
  state: HostState,
  { device = "cpu" }: SessionOptions = {},
): Graph {
  const step = makeStep(experiment, device === "cpu");
  const host = hostBatches(experiment.split, experiment.model);
  const key = Int32Array.from(stepKey(experiment.config));
  const measured = !isLarge(experiment);
  const graph = trace(
    ({ [STEP]: time, ...tensors }) => {
      const state = { optimizer: {}, ...tensors } as unknown as State;
      const draw = { key: tf.tensor1d(key, "int32"), time: time as tf.Tensor };
      const result = step(state, draw, mapBatches(host, constant), measured);
      return { ...result } as unknown as Tree<tf.Tensor>;
    },
    { ...specsOf(treeOf(Object.entries(state))), [STEP]: STEP_SPEC },
    // So that sums of several tensors become one.
    { deferSegmentSums: true, indicesInRange: true },
  );
  return expandSegmentSums(graph);
}

/**
 * What a loop runs: the step of one run, or of several stacked.
 *
 * @param group The runs of the loop.
 * @param state A state of one, of which only types and shapes matter.
 * @param options Where it will run.
 */
export async function loopStep(
  group: readonly Experiment[],
  state: HostState,
  options: SessionOptions,
): Promise<Graph> {
  const { device = "cpu", runtime } = options;
  if (group.length === 1) {
    const step = traceStep(group[0]!, state, options);
    return await foldConstants(step, FOLDED, runtime);
  }
  const step = stackedStep(group, state, device === "cpu");
  return expandSegmentSums(await foldConstants(step, FOLDED, runtime));
}

/**
 * Where ONNX Runtime places the nodes of the training loop's body, found by
 * running two steps: the nodes of a step alone, and with those of an evaluation.
 *
 * @param experiment What to train.
 * @param folder Where a profile may be written; it is removed again.
 * @param options Device and threads.
 */
export async function loopPlacement(
  experiment: Experiment,
  folder: string,
  options: SessionOptions = {},
): Promise<{ step: Placement; evaluated: Placement }> {
  const state = await initialState(experiment);
  const graph = await foldConstants(traceStep(experiment, state, options));
  const model = encodeModel(loopModel([graph]));
  const placement = (every: number) => {
    const inputs = loopInputs([state], { count: 2, first: 1, every });
    return placementOf(model, inputs, 2, folder, options);
  };
  return { step: await placement(3), evaluated: await placement(1) };
}
