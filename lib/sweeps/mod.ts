/**
 * Entry point `@groklab/groklab/sweeps`: many runs in a folder, planned, trained and
 * looked at together.
 *
 * @module
 */

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
export type { KeyDraw, PlanPart, RandomDraws, SweepSpec } from "./spec.ts";
