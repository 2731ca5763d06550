/**
 * A traced step, ready to run many times a call.
 *
 * @module
 */

import { encodeModel } from "../onnx/model.ts";
import { openSession, type SessionOptions } from "../onnx/session.ts";
import { type HostTensor, hostTensorOf } from "../onnx/tensor.ts";
import type { Graph } from "../trace/graph.ts";
import type { HostState } from "./engine.ts";
import { FINAL, INITIAL, loopModel } from "./loop_graph.ts";

/** What a call of the loop gives back; see {@link loopModel} for the shapes. */
export interface LoopResult {
  /** The train loss before each update. */
  readonly losses: HostTensor;
  /** The metrics before each update, zeros where none were due. */
  readonly metrics: HostTensor;
  /** The state after the last update. */
  readonly state: HostState;
}

/** A loop of training steps. */
export interface LoopSession {
  /**
   * Makes up to `count` updates.
   *
   * @param from The state to begin with.
   * @param first Updates made before.
   * @param count How many updates.
   * @param every Evaluate before updates whose number is a multiple.
   */
  run(
    from: HostState,
    first: number,
    count: number,
    every: number,
  ): Promise<LoopResult>;
  /** Gives its memory back. */
  close(): Promise<void>;
}

/** Opens the loop of a traced step, single or stacked. */
export async function openLoop(
  step: Graph,
  options: SessionOptions,
): Promise<LoopSession> {
  const session = await openSession(encodeModel(loopModel(step)), options);
  return {
    async run(from, first, count, every) {
      const feeds: Record<string, HostTensor> = {};
      for (const [name, value] of Object.entries({ count, first, every })) {
        feeds[name] = hostTensorOf("int64", [], [value]);
      }
      for (const [name, value] of Object.entries(from)) {
        feeds[INITIAL + name] = value;
      }
      const results = await session.run(feeds);
      const state = Object.fromEntries(
        Object.keys(from).map((name) => [name, results[FINAL + name]!]),
      );
      return {
        losses: results["losses"]!,
        metrics: results["metrics"]!,
        state,
      };
    },
    close: () => session.close(),
  };
}
