/**
 * What a config makes: model, loss, optimizer, rows, and how these are split.
 *
 * @module
 */

export * from "./experiment.ts";
export * from "./split.ts";
