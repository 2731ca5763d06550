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
import { encodeModel } from "../../onnx/file/model.ts";
import type { SessionOptions } from "../../onnx/runtime/options.ts";
import type { KeptSession } from "../../onnx/runtime/kept_session.ts";
import { openSession } from "../../onnx/runtime/session.ts";
import type { Graph, Value } from "../../trace/graph.ts";
import type { Advance } from "../engine.ts";
import { stackStates, unstackStates } from "../stacking.ts";
import type { Stepper } from "../stepped_band.ts";
import { withoutData } from "./data_inputs.ts";
import { final, initial, loopModel, metricNamesOf } from "./loop_graph.ts";

/**
 * Opens a loop for each traced step.
 *
 * @param steps The steps, single or stacked.
 * @param sizes How many runs are stacked in each; 1 for a single one.
 * @param options Where they run.
 * @param kept What keeps the session for runs that differ in the data only.
 */
export async function openLoops(
  steps: readonly Graph[],
  sizes: readonly number[],
  options: SessionOptions,
  kept?: KeptSession,
): Promise<Stepper> {
  const names = steps.map(metricNamesOf);
  const separate = kept
    ? steps.map(withoutData)
    : steps.map((step) => ({ step, data: new Map<Value, HostTensor>() }));
  const data = separate.flatMap(({ data }) => [...data]);
  const model = encodeModel(
    loopModel(separate.map(({ step }) => step), data.map(([value]) => value)),
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
        .run({ ...loopInputs(before, numbers), ...given });
      const after = before.map((state, i) =>
        mapTree(state, (_: HostTensor, path) => results[final(i, path)]!)
      );
      const states = unstackStates(after, sizes);
      known.set(states, after);
      const turns = names.flatMap((own, i) => {
        const losses = toNumbers(results[`losses.${i}`]!);
        const metrics = toNumbers(results[`metrics.${i}`]!);
        return turnsOf(losses, metrics, own, sizes[i]!, { first, every });
      });
      return { turns, states };
    },
    close: () => session.close(),
  };
}

/** What {@link loopModel} takes in. */
export function loopInputs(
  states: readonly HostState[],
  numbers: { count: number; first: number; every: number },
): Record<string, HostTensor> {
  const feeds: Record<string, HostTensor> = {};
  for (const [name, value] of Object.entries(numbers)) {
    feeds[name] = hostTensorOf("int64", [], [value]);
  }
  states.forEach((state, i) => {
    for (const [path, value] of Object.entries(state)) {
      feeds[initial(i, path)] = value;
    }
  });
  return feeds;
}

// The losses and evaluations of the runs of a loop; losses [steps, runs], metrics
// [steps, names, runs], zeros where none were due.
function turnsOf(
  losses: ArrayLike<number>,
  metrics: ArrayLike<number>,
  names: readonly string[],
  runs: number,
  { first, every }: { readonly first: number; readonly every: number },
): Advance[] {
  const turns = Array.from({ length: losses.length / runs }, (_, i) => i);
  const due = turns.filter((i) => (first + i) % every === 0);
  return Array.from({ length: runs }, (_, r) => ({
    losses: turns.map((i) => losses[i * runs + r]!),
    evaluations: due.map((i) => ({
      step: first + i,
      metrics: Object.fromEntries(
        names.map((name, m) => [
          name,
          metrics[(i * names.length + m) * runs + r]!,
        ]),
      ) as Metrics,
    })),
  }));
}
