/**
 * Runs of sweeps as they stand, made by hand.
 *
 * @module
 */

import type {
  RunState,
  SweepRecord,
  SweepRecords,
} from "../../lib/sweeps/collecting/records.ts";
import type { EndedRun } from "../../lib/sweeps/layout.ts";

/** How a run ended. */
export interface Ending {
  readonly memorised?: number | null;
  readonly grokked?: number | null;
  readonly diverged?: number;
  readonly accuracy?: number;
  readonly collapse?: number;
  readonly steps?: number;
}

/** What lies in `ended/` of a run of 500 steps. */
export function endedOf(
  id: string,
  state: "done" | "diverged" | "failed",
  {
    memorised = null,
    grokked = null,
    diverged,
    accuracy = 0.25,
    collapse = 0,
    steps = 500,
  }: Ending = {},
): EndedRun {
  const result = {
    run: `/elsewhere/${id}`,
    steps,
    memorised_at: memorised,
    grokked_at: grokked,
    diverged_at: state === "diverged" ? diverged ?? 3 : null,
    diverged_in: null,
    final: { test_accuracy: accuracy, softmax_collapse: collapse },
    ms_per_step: 1,
    seconds: 1,
    checkpoint: "",
    interrupted: false,
  } as unknown as NonNullable<EndedRun["result"]>;
  return {
    id,
    state,
    ...(state !== "done" && { reason: `it ${state}` }),
    attempts: 1,
    ended: "2026-01-01T00:00:00.000Z",
    host: "here",
    seconds: 1.5,
    ...(state !== "failed" && { result }),
  };
}

let count = 0;

/** A run of 500 steps. */
export function record(
  values: Readonly<Record<string, unknown>>,
  state: RunState = "done",
  ending: Ending = {},
): SweepRecord {
  const id = (count += 1).toString(16).padStart(16, "0");
  const ended = state === "training" || state === "waiting"
    ? undefined
    : endedOf(id, state, ending);
  return { id, state, values, steps: 500, ended };
}

/** A sweep of these runs. */
export function sweepWith(
  records: readonly SweepRecord[],
  varying: readonly string[],
): SweepRecords {
  return {
    sweep: {
      format: 1,
      name: "by hand",
      groklab: "0.2.0",
      created: "2026-01-01T00:00:00.000Z",
      place: {
        engine: "onnx",
        device: "cpu",
        deviceId: 0,
        runtime: "node",
        backend: "cpu",
        threads: 1,
      },
      axes: varying,
      plans: [],
    },
    keys: varying,
    varying,
    records,
    problems: [],
  };
}
