/**
 * Experiments with everything that the registries of losses, optimizers and stages
 * name, and what models do in training only; and what it is that two trainings of
 * them agree.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { type ConfigInput, resolveConfig } from "../../lib/config/config.ts";
import type { Engine } from "../../lib/engine/engine.ts";
import {
  type Experiment,
  makeExperiment,
} from "../../lib/experiment/experiment.ts";
import { losses } from "../../lib/losses/mod.ts";
import { optimizers } from "../../lib/optim/mod.ts";
import type { HostState } from "../../models/buffers.ts";
import { assertClose, valuesOf } from "../_golden.ts";
import { stageConfigs } from "../optim/_stages.ts";

/** How many steps they make. */
export const STEPS = 6;

// eps keeps Adam from dividing rounding by itself; biases are tensors that are no
// matrices; the weight decay is there for whatever handles it.
const small: ConfigInput = {
  modulus: 5,
  hidden: [8],
  biases: true,
  trainFraction: 0.6,
  eps: 1e-3,
  weightDecay: 0.01,
  momentum: 0.5,
};

/** The experiments by name. */
export const CASES: Record<string, ConfigInput> = {
  ...Object.fromEntries(
    Object.keys(losses).map((loss) => [
      loss,
      { loss } as ConfigInput,
    ]),
  ),
  "softmax, its options": {
    loss: "softmax",
    labelSmoothing: 0.1,
    temperature: 2,
    logitPenalty: 0.01,
  },
  "softmax, z-loss": { loss: "softmax", zLoss: 0.01 },
  ...Object.fromEntries(
    Object.keys(optimizers).map((optimizer) => [
      optimizer,
      { optimizer } as ConfigInput,
    ]),
  ),
  "⊥ of muon's update": { optimizer: "muon", perpAt: "update" },
  "cosine": { schedule: "cosine", warmup: 2, steps: STEPS },
  "steps": { schedule: "step", lrStepEvery: 2 },
  "batch normalisation": { batchNorm: true },
  "batch normalisation of mini-batches": { batchNorm: true, batchSize: 7 },
  "dropout in the MLP": { hidden: [8, 8], dropout: 0.3 },
  "batch normalisation and dropout": { batchNorm: true, dropout: 0.3 },
  "independent decay": { weightDecayKind: "independent", warmup: 2 },
  "lr over norm": { optimizer: "sgd", lrOverGradientNorm: true, lr: 0.1 },
  "lr over the growth of the norm": {
    optimizer: "sgd",
    lrOverGradientNorm: true,
    gradientNormUnit: "first",
    lr: 0.1,
  },
  ...Object.fromEntries(
    Object.entries(stageConfigs).map(([name, config]) => [
      `stage ${name}`,
      config,
    ]),
  ),
};

/** One of them. */
export const experimentOf = (config: ConfigInput, seed = 0): Experiment =>
  makeExperiment(resolveConfig({ ...small, ...config, seed }));

/** Losses, and the state after the last of them. */
export type Trained = { losses: readonly number[]; state: HostState };

/** Makes the steps, and closes the engine. */
export async function run(engine: Engine): Promise<Trained> {
  const { losses } = await engine.advance(STEPS, STEPS);
  const state = await engine.state();
  await engine.close();
  return { losses, state };
}

/** Asserts that two runs agree, each tensor beside the largest of its elements. */
export function assertAgree(
  actual: Trained,
  expected: Trained,
  relative: number,
) {
  assertClose(actual.losses, expected.losses, {
    relative,
    absolute: relative,
  }, "losses");
  assertEquals(Object.keys(actual.state), Object.keys(expected.state));
  for (const [path, x] of Object.entries(expected.state)) {
    const values = valuesOf(x);
    const largest = values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    assertClose(
      valuesOf(actual.state[path]),
      values,
      { relative: 0, absolute: relative * Math.max(largest, 1) },
      path,
    );
  }
}

/**
 * Six steps multiply what rounding leaves, 2⁻⁵² and 2⁻²³ of a number, by no more
 * than a thousand: Newton–Schulz by 3.4445⁵ where a singular value is small.
 */
export const ROUNDING = { float64: 1000 * 2 ** -52, float32: 1000 * 2 ** -23 };
