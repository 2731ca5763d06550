/**
 * A traced step, ready to run many times a call.
 *
 * @module
 */

import type { HostState } from "../../../models/buffers.ts";
import { mapTree } from "../../base/tree.ts";
import type { Metrics } from "../../metrics/mod.ts";
import {
  type HostTensor,
  hostTensorOf,
  toNumbers,
} from "../../numeric/tensor.ts";
import { encodeModel, type ModelProto } from "../../onnx/file/model.ts";
import type { SessionOptions } from "../../onnx/runtime/options.ts";
import type { KeptSession } from "../../onnx/runtime/kept_session.ts";
import { openSession } from "../../onnx/runtime/session.ts";
import type { OnnxDevice } from "../../settings/devices.ts";
import type { Graph, Value } from "../../trace/graph.ts";
import type { Advance } from "../engine.ts";
import { stackStates, unstackStates } from "../stacking.ts";
import type { Stepper } from "../stepped_band.ts";
import { cardModel } from "./card_loop.ts";
import { planInputs, segmentsOf, type Steps } from "./card_plan.ts";
import { withoutData } from "./data_inputs.ts";
import { loopModel } from "./loop_graph.ts";
import { final, initial, metricNamesOf } from "./loop_parts.ts";

/** How steps are made into a loop. */
export interface LoopForm {
  /** The model of a loop for each step, and of the data that they take. */
  readonly model: (
    steps: readonly Graph[],
    data?: readonly Value[],
  ) => ModelProto;
  /** What that takes in beside the states. */
  readonly inputs: (steps: Steps) => Record<string, HostTensor>;
  /** Whether it gives rows of metrics for all steps, or for the evaluated ones. */
  readonly allRows: boolean;
}

/** The loop that asks after every step how to go on. */
export const ASKING: LoopForm = {
  model: loopModel,
  inputs: (steps) =>
    Object.fromEntries(
      Object.entries(steps)
        .map(([name, value]) => [name, hostTensorOf("int64", [], [value])]),
    ),
  allRows: true,
};

/** The loop that is planned before. */
export const PLANNED: LoopForm = {
  model: cardModel,
  inputs: (steps) => planInputs(segmentsOf(steps)),
  allRows: false,
};

/** The loop for a device; WebGPU has no kernels for loops. */
export const loopFor = (device: OnnxDevice = "cpu"): LoopForm =>
  device === "cuda" ? PLANNED : ASKING;

/**
 * Opens a loop for each traced step.
 *
 * @param steps The steps, single or stacked.
 * @param sizes How many runs are stacked in each; 1 for a single one.
 * @param options Where they run.
 * @param kept What keeps the session for runs that differ in the data only.
 * @param form How they are made into loops.
 */
export async function openLoops(
  steps: readonly Graph[],
  sizes: readonly number[],
  options: SessionOptions,
  kept?: KeptSession,
  form: LoopForm = loopFor(options.device),
): Promise<Stepper> {
  const names = steps.map(metricNamesOf);
  const separate = kept
    ? steps.map(withoutData)
    : steps.map((step) => ({ step, data: new Map<Value, HostTensor>() }));
  const data = separate.flatMap(({ data }) => [...data]);
  const model = encodeModel(
    form.model(separate.map(({ step }) => step), data.map(([value]) => value)),
  );
  const how = { spin: true, ...options };
  const session = await (kept?.open(model, how) ?? openSession(model, how));
  const given = Object.fromEntries(
    data.map(([{ name }, tensor]) => [name!, tensor]),
  );
  // What came out of the loops goes in again as it is, not stacked anew.
  const known = new WeakMap<readonly HostState[], readonly HostState[]>();
  return {
    async run(from, first, count, every) {
      const before = known.get(from) ?? stackStates(from, sizes);
      const numbers = { count, first, every };
      const results = await session
        .run({ ...form.inputs(numbers), ...stateInputs(before), ...given });
      const after = before.map((state, i) =>
        mapTree(state, (_: HostTensor, path) => results[final(i, path)]!)
      );
      const states = unstackStates(after, sizes);
      known.set(states, after);
      const turns = names.flatMap((own, i) => {
        const losses = toNumbers(results[`losses.${i}`]!);
        // Of none there are no rows.
        const rows = results[`metrics.${i}`];
        const metrics = rows ? toNumbers(rows) : [];
        const steps = { first, every };
        return turnsOf(losses, metrics, own, sizes[i]!, steps, form.allRows);
      });
      return { turns, states };
    },
    close: () => session.close(),
  };
}

/** States, as what loops take in. */
export function stateInputs(
  states: readonly HostState[],
): Record<string, HostTensor> {
  const feeds: Record<string, HostTensor> = {};
  states.forEach((state, i) => {
    for (const [path, value] of Object.entries(state)) {
      feeds[initial(i, path)] = value;
    }
  });
  return feeds;
}

// The losses and evaluations of the runs of a loop; losses [steps, runs], metrics
// [steps or evaluations, names, runs].
function turnsOf(
  losses: ArrayLike<number>,
  metrics: ArrayLike<number>,
  names: readonly string[],
  runs: number,
  { first, every }: Pick<Steps, "first" | "every">,
  allRows: boolean,
): Advance[] {
  const turns = Array.from({ length: losses.length / runs }, (_, i) => i);
  const due = turns.filter((i) => (first + i) % every === 0);
  return Array.from({ length: runs }, (_, r) => ({
    losses: turns.map((i) => losses[i * runs + r]!),
    evaluations: due.map((i, evaluation) => ({
      step: first + i,
      metrics: Object.fromEntries(
        names.map((name, m) => {
          const row = allRows ? i : evaluation;
          return [name, metrics[(row * names.length + m) * runs + r]!];
        }),
      ) as Metrics,
    })),
  }));
}
