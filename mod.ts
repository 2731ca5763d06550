/**
 * groklab: why neural networks generalise long after they have memorised, and
 * why they so often fail to.
 *
 * Models, losses and optimizers are plain functions of TensorFlow.js tensors.
 * They run eagerly, or are traced once into ONNX graphs: the forward pass is
 * the checkpoint, the training step is a loop that ONNX Runtime runs.
 *
 * ```ts
 * import { probe, train } from "@groklab/groklab";
 * import { assert } from "@std/assert";
 *
 * const run = await Deno.makeTempDir();
 * const { final, checkpoint } = await train(
 *   { modulus: 7, hidden: [16], steps: 20 },
 *   { run },
 * );
 * const { probes } = await probe(checkpoint, ["fourier"]);
 * assert(final.train_accuracy > 0);
 * assert(probes.fourier!.key_frequencies!.length > 0);
 * ```
 *
 * @module
 */

export * from "./lib/config/config.ts";
export {
  configAt,
  type Course,
  type From,
  type Switch,
} from "./lib/config/switches.ts";
export type {
  Component,
  Setting,
  Settings,
  Values,
} from "./lib/settings/setting.ts";
export * from "./lib/data/mod.ts";
export * from "./lib/devices/choice.ts";
export {
  backendNames,
  type DeviceRow,
  type Finding,
} from "./lib/settings/devices.ts";
export { UsageError } from "./lib/base/errors.ts";
export { FileError } from "./lib/base/files.ts";
export { DamagedError } from "./lib/base/sums.ts";
export * from "./lib/engine/mod.ts";
export * from "./lib/experiment/mod.ts";
export * from "./lib/losses/mod.ts";
export * from "./lib/metrics/mod.ts";
export * from "./lib/onnx/mod.ts";
export * from "./lib/optim/mod.ts";
export * from "./lib/probes/mod.ts";
export * from "./lib/report/mod.ts";
export * from "./lib/reproduce/mod.ts";
export * from "./lib/runs/mod.ts";
export * from "./lib/trace/mod.ts";
export * from "./lib/train/mod.ts";
export * from "./lib/base/tree.ts";
export * from "./models/mod.ts";
