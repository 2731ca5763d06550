/**
 * The compiled engine: the step traced once, run by ONNX Runtime many steps a
 * call.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
import { hostBatches, mapBatches } from "../../../models/batch.ts";
import type { HostState } from "../../../models/buffers.ts";
import { isLarge } from "../../../models/size.ts";
import {
  checkArgument,
  checkOptions,
  experimentCheck,
} from "../../base/options.ts";
import { type Tree, treeOf } from "../../base/tree.ts";
import { type Experiment, stepKey } from "../../experiment/experiment.ts";
import { encodeModel } from "../../onnx/file/model.ts";
import { specsOf } from "../../onnx/runtime/compile.ts";
import { foldConstants } from "../../onnx/runtime/fold.ts";
import { SESSION, type SessionOptions } from "../../onnx/runtime/options.ts";
import { type Placement, placementOf } from "../../onnx/runtime/placement.ts";
import { trace } from "../../trace/backend.ts";
import type { Graph } from "../../trace/graph.ts";
import { expandSegmentSums } from "../../trace/operators/segments.ts";
import { type Engine, type Snapshot, untilDiverged } from "../engine.ts";
import { brokenAtStart, notFinite, untilBroken } from "../finite.ts";
import { constant, initialState } from "../state.ts";
import { makeStep, type State } from "../step.ts";
import { loopModel, STEP, STEP_SPEC } from "./loop_graph.ts";
import {
  loopInputs,
  type LoopResult,
  openLoop,
  turnsOf,
} from "./loop_session.ts";

/**
 * What depends on the data alone is computed once, but for tensors of more
 * elements, which would lie in memory all the time.
 */
export const FOLDED = 2 ** 23;

/**
 * Starts the compiled engine.
 *
 * @param experiment What to train.
 * @param options Runtime and threads.
 * @param start Where to go on from; by default the initial parameters.
 */
export async function onnxEngine(
  experiment: Experiment,
  options: SessionOptions = {},
  start?: Snapshot,
): Promise<Engine> {
  checkArgument("onnxEngine()", "experiment", experiment, experimentCheck);
  checkOptions("onnxEngine()", options, SESSION);
  const { runtime } = options;
  let { step, state } = start ??
    { step: 0, state: await initialState(experiment, runtime) };
  const first = step;
  const traced = traceStep(experiment, state, options);
  const graph = await foldConstants(traced, FOLDED, runtime);
  const loop = await openLoop([graph], {
    ...options,
    ...(isLarge(experiment) && { folding: false }),
  });

  const run = async (
    from: HostState,
    first: number,
    count: number,
    every: number,
  ) => {
    const [result] = await loop.run([from], first, count, every) as [
      LoopResult,
    ];
    return { ...turnsOf(result, first, every), state: result.state };
  };

  // Whether the state it starts with is finite: of later ones it is seen to.
  let unlooked = true;
  // Where the last call began, from where any state since can be made again.
  let before = { step, state };
  const goBackTo = async (wanted: number) => {
    const from = wanted < step ? before : { step, state };
    const count = wanted - from.step;
    state = count > 0
      ? (await run(from.state, from.step, count, wanted + 1)).state
      : from.state;
    step = wanted;
  };
  return {
    get step() {
      return step;
    },
    async advance(count, evalEvery) {
      const from = { step, state };
      if (unlooked) {
        const broken = notFinite(state);
        if (broken !== undefined) return brokenAtStart(step, broken);
        unlooked = false;
      }
      const end = step + count;
      const { state: next, ...turns } = await run(
        state,
        step,
        count,
        evalEvery,
      );
      const again = (count: number) =>
        run(from.state, from.step, count, end + 1);
      const advance = await untilBroken(untilDiverged(turns, step), {
        first: step,
        end,
        broken: async (step) =>
          notFinite(
            step === end ? next : (await again(step - from.step)).state,
          ),
        lossAt: async (step) =>
          (await again(step + 1 - from.step)).losses[step - from.step]!,
      });
      if (advance.diverged === undefined) {
        before = from;
        state = next;
        step = end;
      } else {
        await goBackTo(Math.max(advance.diverged - 1, first));
      }
      return advance;
    },
    stepBack: () => goBackTo(step - 1),
    async evaluate() {
      const { evaluations } = await run(state, step, 1, 1);
      return evaluations[0]!;
    },
    state: () => Promise.resolve(state),
    close: () => loop.close(),
  };
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
