/**
 * Run folders.
 *
 * @module
 */

export * from "./checkpoint.ts";
export * from "./export.ts";
export * from "./lock.ts";
export * from "./manifest.ts";
export * from "./new_folder.ts";
export * from "./read.ts";
export { evenlySpaced } from "../numeric/statistics.ts";
export * from "./run_folder.ts";
