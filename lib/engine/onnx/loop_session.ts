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
import { final, initial, loopModel, metricNamesOf } from "./loop_graph.ts";

/** What a call of the loop gives back; see {@link loopModel} for the shapes. */
export interface LoopResult {
  /** The train loss before each update. */
  readonly losses: HostTensor;
  /** The metrics before each update, zeros where none were due. */
  readonly metrics: HostTensor;
  /** What the metrics are called. */
  readonly names: readonly string[];
  /** The state after the last update. */
  readonly state: HostState;
}

/** Loops of training steps. */
export interface LoopSession {
  /**
   * Makes up to `count` updates in each loop.
   *
   * @param from The state of each to begin with.
   * @param first Updates made before.
   * @param count How many updates.
   * @param every Evaluate before updates whose number is a multiple.
   * @returns What each gives back.
   */
  run(
    from: readonly HostState[],
    first: number,
    count: number,
    every: number,
  ): Promise<LoopResult[]>;
  /** Gives its memory back. */
  close(): Promise<void>;
}

/** Opens a loop for each traced step, single or stacked. */
export async function openLoop(
  steps: readonly Graph[],
  options: SessionOptions,
): Promise<LoopSession> {
  const names = steps.map(metricNamesOf);
  const session = await openSession(encodeModel(loopModel(steps)), {
    spin: true,
    ...options,
  });
  return {
    async run(from, first, count, every) {
      const feeds = loopInputs(from, { count, first, every });
      const results = await session.run(feeds);
      return from.map((state, i) => ({
        losses: results[`losses.${i}`]!,
        metrics: results[`metrics.${i}`]!,
        names: names[i]!,
        state: Object.fromEntries(
          Object.keys(state).map((path) => [path, results[final(i, path)]!]),
        ),
      }));
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

/**
 * The losses and evaluations of one run.
 *
 * @param result What the loop gave back.
 * @param first Updates made before.
 * @param every Evaluations were due at its multiples.
 * @param replica Which run of a stacked loop.
 * @param size How many runs are stacked; 1 for a single one.
 */
export function turnsOf(
  { losses, metrics, names }: LoopResult,
  first: number,
  every: number,
  replica = 0,
  size = 1,
): Advance {
  const all = toNumbers(losses); // [steps, size]
  const table = toNumbers(metrics); // [steps, metrics, size]
  const own = Array.from(
    { length: all.length / size },
    (_, i) => all[i * size + replica]!,
  );
  const evaluations = own.flatMap((_, i) => {
    const step = first + i;
    if (step % every !== 0) return [];
    const row = names.map((name, m) => [
      name,
      table[(i * names.length + m) * size + replica]!,
    ]);
    return [{ step, metrics: Object.fromEntries(row) as Metrics }];
  });
  return { losses: own, evaluations };
}
