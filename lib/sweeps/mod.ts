/**
 * Entry point `@groklab/groklab/sweeps`: many runs in a folder, planned, trained and
 * looked at together.
 *
 * @module
 */

export { collectSweep } from "./collecting/collect.ts";
export type { Collected, CollectOptions } from "./collecting/options.ts";
export {
  readRecords,
  type RunState,
  type SweepRecord,
  type SweepRecords,
} from "./collecting/records.ts";
export { type CostOptions, type SweepCost, sweepCost } from "./cost.ts";
export { readEnded, readPlan, readSweep } from "./files.ts";
export type { Kind } from "./gathering.ts";
export { runId } from "./ids.ts";
export type {
  EndedRun,
  EndState,
  Place,
  PlanMade,
  PlannedRun,
  Point as PlanPoint,
  Sweep,
} from "./layout.ts";
export { type Planned, type PlanOptions, planSweep } from "./plan.ts";
export type {
  SweepReportOptions,
  SweepReportWritten,
} from "./reporting/options.ts";
export { writeSweepReport } from "./reporting/write.ts";
export type { KeyDraw, PlanPart, RandomDraws, SweepSpec } from "./spec.ts";
export type { SweepLack } from "./running/extensions.ts";
export type {
  SweepFailure,
  SweepOutcome,
  SweepRunOptions,
  SweepStanding,
} from "./running/options.ts";
export {
  type LogitPrediction,
  type LrSensitivity,
  lrSensitivity,
  type SeedSpread,
  type SensitivityGroup,
} from "./summaries/lr_sensitivity.ts";
export { runSweep } from "./running/run.ts";
export { parseShard, type Shard } from "./running/shard.ts";
export {
  type InTraining,
  type SweepStatus,
  sweepStatus,
} from "./running/status.ts";
