/**
 * Run folders.
 *
 * @module
 */

export * from "./export.ts";
export { FileError } from "./files.ts";
export * from "./manifest.ts";
export * from "./run_folder.ts";
