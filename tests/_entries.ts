/**
 * What every entry point of `exports` in deno.json has, for tests that go over
 * the public functions.
 *
 * @module
 */

export * from "../mod.ts";
export * from "../lib/data/mod.ts";
export * from "../lib/losses/mod.ts";
export * from "../lib/onnx/mod.ts";
export * from "../lib/optim/mod.ts";
export * from "../lib/probes/mod.ts";
export * from "../lib/report/mod.ts";
export * from "../lib/reproduce/mod.ts";
export * from "../lib/runs/mod.ts";
export * from "../lib/sweeps/mod.ts";
export * from "../lib/trace/mod.ts";
export * from "../lib/train/mod.ts";
export * from "../models/mod.ts";
