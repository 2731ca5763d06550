/**
 * Everything that the registries of losses, optimizers and stages name, and what
 * models do in training only: replicas equal single runs, and the engines each
 * other.
 */

import { assert, assertEquals } from "@std/assert";
import { type ConfigInput, resolveConfig } from "../../lib/config/config.ts";
import type { Engine } from "../../lib/engine/engine.ts";
import { onnxBand, onnxEngine } from "../../lib/engine/onnx/onnx_engine.ts";
import { tfjsEngine } from "../../lib/engine/tfjs/tfjs_engine.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import { losses } from "../../lib/losses/mod.ts";
import { optimizers } from "../../lib/optim/mod.ts";
import type { HostState } from "../../models/buffers.ts";
import { assertClose, valuesOf } from "../_golden.ts";
import { stageConfigs } from "../optim/_stages.ts";

const STEPS = 6;

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

const CASES: Record<string, ConfigInput> = {
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
  "lr over norm": { optimizer: "sgd", lrOverGradientNorm: true, lr: 0.1 },
  ...Object.fromEntries(
    Object.entries(stageConfigs).map(([name, config]) => [
      `stage ${name}`,
      config,
    ]),
  ),
};

const experimentOf = (config: ConfigInput, seed = 0) =>
  makeExperiment(resolveConfig({ ...small, ...config, seed }));

async function run(engine: Engine) {
  const { losses } = await engine.advance(STEPS, STEPS);
  const state = await engine.state();
  await engine.close();
  return { losses, state };
}

/** Asserts that two runs agree, each tensor beside the largest of its elements. */
function assertAgree(
  actual: { losses: readonly number[]; state: HostState },
  expected: { losses: readonly number[]; state: HostState },
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

// Six steps multiply what rounding leaves, 2⁻⁵² and 2⁻²³ of a number, by no more
// than a thousand: Newton–Schulz by 3.4445⁵ where a singular value is small.
const ROUNDING = { float64: 1000 * 2 ** -52, float32: 1000 * 2 ** -23 };

for (const [name, config] of Object.entries(CASES)) {
  Deno.test(`replicas equal single runs with ${name}`, async () => {
    const wide = { precision: "float64", lossPrecision: "float64" } as const;
    const experiments = [0, 1].map((seed) =>
      experimentOf({ ...config, ...wide }, seed)
    );
    const engine = await onnxBand(experiments, { threads: 1 });
    const advances = await engine.advance(STEPS, STEPS);
    const now = await engine.at(STEPS);
    await engine.close();
    const single = await run(await onnxEngine(experiments[1]!, { threads: 1 }));
    const replica = { losses: advances[1]!.losses, state: now[1]!.state };
    assertAgree(replica, single, ROUNDING.float64);
    // Six steps of something.
    assert(single.losses.some((loss) => loss !== single.losses[0]));
  });

  Deno.test(`the engines agree with ${name}`, async () => {
    const experiment = experimentOf(config);
    assertAgree(
      await run(await tfjsEngine(experiment)),
      await run(await onnxEngine(experiment, { threads: 1 })),
      ROUNDING.float32,
    );
  });
}
