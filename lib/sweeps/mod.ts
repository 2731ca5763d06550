/**
 * Entry point `@groklab/groklab/sweeps`: many runs in a folder, planned, trained and
 * looked at together.
 *
 * @module
 */

export { type CostOptions, type SweepCost, sweepCost } from "./cost.ts";
export {
  endedIds,
  findSweep,
  planLines,
  readEnded,
  readPlan,
  readSweep,
} from "./files.ts";
export type { Kind } from "./gathering.ts";
export { canonical, runId } from "./ids.ts";
export type {
  EndedRun,
  EndState,
  Place,
  PlanMade,
  PlannedRun,
  Point,
  Sweep,
} from "./layout.ts";
export { type Planned, type PlanOptions, planSweep } from "./plan.ts";
export {
  type Draw,
  type Draws,
  type Part,
  type PlanFile,
  planFile,
  seedsOf,
  type SweepSpec,
} from "./spec.ts";
