/**
 * A traced step, ready to run many times a call.
 *
 * @module
 */

import type { HostState } from "../../../models/buffers.ts";
import type { Metrics } from "../../metrics/mod.ts";
import {
  type HostTensor,
  hostTensorOf,
  toNumbers,
} from "../../numeric/tensor.ts";
import { encodeModel } from "../../onnx/file/model.ts";
import type { SessionOptions } from "../../onnx/runtime/options.ts";
import { openSession } from "../../onnx/runtime/session.ts";
import type { Graph } from "../../trace/graph.ts";
import type { Advance } from "../engine.ts";
import type { Stepper } from "../stepped_band.ts";
import { final, initial, loopModel, metricNamesOf } from "./loop_graph.ts";

/**
 * Opens a loop for each traced step.
 *
 * @param steps The steps, single or stacked.
 * @param sizes How many runs are stacked in each; 1 for a single one.
 * @param options Where they run.
 */
export async function openLoops(
  steps: readonly Graph[],
  sizes: readonly number[],
  options: SessionOptions,
): Promise<Stepper> {
  const names = steps.map(metricNamesOf);
  const session = await openSession(encodeModel(loopModel(steps)), {
    spin: true,
    ...options,
  });
  return {
    async run(from, first, count, every) {
      const feeds = loopInputs(from, { count, first, every });
      const results = await session.run(feeds);
      return {
        states: from.map((state, i) =>
          Object.fromEntries(
            Object.keys(state).map((path) => [path, results[final(i, path)]!]),
          )
        ),
        turns: names.flatMap((own, i) => {
          const losses = toNumbers(results[`losses.${i}`]!);
          const metrics = toNumbers(results[`metrics.${i}`]!);
          return Array.from(
            { length: sizes[i]! },
            (_, replica) =>
              turnsOf(losses, metrics, own, {
                first,
                every,
                replica,
                size: sizes[i]!,
              }),
          );
        }),
      };
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

// The losses and evaluations of one of `size` runs; losses [steps, size], metrics
// [steps, names, size], zeros where none were due.
function turnsOf(
  losses: ArrayLike<number>,
  metrics: ArrayLike<number>,
  names: readonly string[],
  { first, every, replica, size }: {
    readonly first: number;
    readonly every: number;
    readonly replica: number;
    readonly size: number;
  },
): Advance {
  const own = Array.from(
    { length: losses.length / size },
    (_, i) => losses[i * size + replica]!,
  );
  const evaluations = own.flatMap((_, i) => {
    const step = first + i;
    if (step % every !== 0) return [];
    const row = names.map((name, m) => [
      name,
      metrics[(i * names.length + m) * size + replica]!,
    ]);
    return [{ step, metrics: Object.fromEntries(row) as Metrics }];
  });
  return { losses: own, evaluations };
}
