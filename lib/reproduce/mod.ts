/**
 * Entry point `@groklab/groklab/reproduce`: every figure of the paper one call, and
 * what figures of your own are.
 *
 * @module
 */

export type {
  Arm,
  Claim,
  Decision,
  Figure,
  Json,
  Measure,
  Provenance,
  Results,
  Row,
  RunRecord,
  Scale,
  StepMedian,
  Tally,
} from "../figures/figure.ts";
export { figures } from "../figures/mod.ts";
export type { Job, Places } from "./layout.ts";
export { type Cost, type Listed, listFigures } from "./list.ts";
export type { ReproduceOptions, Standing } from "./options.ts";
export type { ClaimOutcome, Outcome, SeedCount } from "./outcome.ts";
export { publish } from "./publish.ts";
export { reproduce, type Reproduction } from "./reproduce.ts";
