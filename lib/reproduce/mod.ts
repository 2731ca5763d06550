/**
 * Reproducing the paper: every figure one call.
 *
 * @module
 */

export * from "../figures/mod.ts";
export type { Job, Places } from "./layout.ts";
export { type Cost, type Listed, listFigures } from "./list.ts";
export type { ClaimOutcome, Outcome } from "./outcome.ts";
export { publish } from "./publish.ts";
export { reproduce, type Reproduction } from "./reproduce.ts";
export { type ReproduceOptions, type Standing } from "./options.ts";
