/**
 * Optimizers whose state overflows.
 *
 * @module
 */

import { type ConfigInput, resolveConfig } from "../../lib/config/config.ts";
import { onnxEngine } from "../../lib/engine/onnx/onnx_engine.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import { valuesOf } from "../_golden.ts";

// The logits and with them the loss are huge but finite, and the weights rest:
// the learning rate is divided by the square of the scale.
export const HUGE: ConfigInput = {
  modulus: 7,
  hidden: [8],
  perpGrad: false,
  loss: "mse",
  lr: 1e-12,
  threads: 1,
};

export const GRADUAL: ConfigInput = {
  ...HUGE,
  optimizer: "adagrad",
  outputScale: 3e10,
};

export const experimentOf = (config: ConfigInput) =>
  makeExperiment(resolveConfig(config));

// Adagrad's sum of squares, added up as float32 does it, from the gradient: with
// the weights at rest it is the same in every step.
export async function stepOfOverflow(): Promise<number> {
  const engine = await onnxEngine(experimentOf(GRADUAL), { threads: 1 });
  await engine.advance(1, 100);
  const state = await engine.state();
  await engine.close();
  const squares = Object.entries(state)
    .filter(([path]) => path.includes(".sum."))
    .flatMap(([, x]) => [...valuesOf(x)]);
  const largest = Math.max(...squares);
  let [sum, steps] = [0, 0];
  while (Number.isFinite(sum)) {
    sum = Math.fround(sum + largest);
    steps++;
  }
  return steps;
}
