/**
 * Entry point `@groklab/groklab/runs`: run folders, their configs, metrics,
 * checkpoints and locks.
 *
 * @module
 */

export { DamagedError } from "../base/sums.ts";
export {
  type ExportAllOptions,
  exportCheckpoint,
  exportCheckpoints,
  type ExportOptions,
} from "./exports/checkpoint.ts";
export { type EventOptions, exportTensorboard } from "./exports/tensorboard.ts";
export { exportMetrics } from "./exports/metrics.ts";
export type { UsedModule } from "../config/used.ts";
export { checkpointPath } from "./layout.ts";
export { isLocked, lockRun } from "./lock.ts";
export type { ExtensionRecord, Manifest, Sitting } from "./manifest.ts";
export { newRunPath, removeRun } from "./new_folder.ts";
export {
  checkpointsOf,
  findCheckpoint,
  MissingError,
  newestRun,
  readConfig,
  readMetrics,
  runOfCheckpoint,
  runsIn,
} from "./read.ts";
export type { TrainResult } from "./result.ts";
export type { MetricsRow } from "./run_folder.ts";
export { lastWhole, wholeOnes } from "./whole.ts";
