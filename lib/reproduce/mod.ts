/**
 * Reproducing the paper: every figure one call.
 *
 * @module
 */

export * from "./list.ts";
export * from "./outcome.ts";
export * from "./publish.ts";
export * from "./reproduce.ts";
export { timeText } from "./cost.ts";
