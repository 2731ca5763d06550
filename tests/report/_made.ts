/**
 * Runs that take no time, and those that take little.
 *
 * @module
 */

import { type Config, resolveConfig } from "../../lib/config/config.ts";
import type { ReportRun } from "../../lib/report/runs.ts";

/** What is trained in a moment. */
export const TINY = { modulus: 7, hidden: [8], steps: 20, checkpointEvery: 10 };

/** A run that was never trained. */
export function made(
  name: string,
  config: Partial<Config> = {},
  rows: readonly Record<string, number | null>[] = [],
): ReportRun {
  return {
    path: name,
    name,
    config: resolveConfig(config),
    manifest: {
      groklab: "0",
      started: "then",
      command: [],
      versions: {},
      lock: null,
      device: { os: "x", arch: "y", cores: 1, provider: "onnx/cpu" },
      git: null,
    },
    rows: rows as unknown as ReportRun["rows"],
    summary: undefined,
    checkpoints: [],
  };
}

/** A row of metrics. */
export const row = (step: number, test_accuracy: number | null) => ({
  step,
  test_accuracy,
  train_accuracy: 1,
});
