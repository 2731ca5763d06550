/**
 * The step as it is written for a card, run on a processor: the same numbers as in
 * the form for processors, of everything that the registries name.
 */

import { assert, assertEquals } from "@std/assert";
import type { ConfigInput } from "../../lib/config/config.ts";
import { alone } from "../../lib/engine/engine.ts";
import {
  type OpenEngine,
  switchingEngine,
} from "../../lib/engine/switching.ts";
import type { Experiment } from "../../lib/experiment/experiment.ts";
import type { HostState } from "../../models/buffers.ts";
import { onnxBand, onnxEngine } from "../../lib/engine/onnx/onnx_engine.ts";
import { loopStep } from "../../lib/engine/onnx/traced_step.ts";
import { initialState } from "../../lib/engine/state.ts";
import {
  assertAgree,
  CASES,
  experimentOf,
  ROUNDING,
  run,
  STEPS,
} from "./_registry.ts";

const wide = { precision: "float64", lossPrecision: "float64" } as const;
const one = { threads: 1 } as const;

const tiny: ConfigInput = { dModel: 8, heads: 2, dMlp: 16, lr: 0.003 };
const MODELS: Record<string, ConfigInput> = {
  "no stage": { perpGrad: false },
  "learned embeddings": { embedding: 3 },
  "a linear model": { hidden: [] },
  "transformer": { ...tiny, model: "transformer" },
  "transformer with LayerNorm": { ...tiny, model: "transformer", norm: "pre" },
  "encoder": { ...tiny, model: "encoder", layers: 2 },
  "encoder, Q, K, V apart": {
    ...tiny,
    model: "encoder",
    perpProjections: "apart",
  },
  "transformer with muon": {
    ...tiny,
    model: "transformer",
    optimizer: "muon",
  },
  "mini-batches": { batchSize: 7 },
};

const card: OpenEngine = (experiments, start) =>
  onnxBand(experiments, one, start, undefined, undefined, "card");

for (const [name, config] of Object.entries({ ...CASES, ...MODELS })) {
  Deno.test(`the card's form agrees with ${name}`, async () => {
    const experiment = experimentOf({ ...config, ...wide });
    const expected = await run(await onnxEngine(experiment, one));
    assertAgree(
      await run(alone(await card([experiment]))),
      expected,
      ROUNDING.float64,
    );
    assert(expected.losses.some((loss) => loss !== expected.losses[0]));
  });
}

// What a band's runs come to.
async function band(experiments: readonly Experiment[], open: OpenEngine) {
  const engine = await switchingEngine(experiments, open);
  const losses = experiments.map((): number[] => []);
  while (engine.step < STEPS) {
    const advances = await engine.advance(STEPS - engine.step, STEPS);
    advances.forEach((own, r) => losses[r]!.push(...own.losses));
  }
  const states = await engine.states();
  await engine.close();
  return states.map((state, r) => ({ losses: losses[r]!, state }));
}

const BANDS: Record<string, readonly ConfigInput[]> = {
  "replicas of other data": [{ seed: 0 }, { seed: 1 }, { seed: 2 }],
  "replicas of other rates": [
    { lr: 0.1, weightDecay: 0 },
    { lr: 0.01, weightDecay: 0.1 },
  ],
  // Of one seed they have the order of their rows in common.
  "replicas of one seed in mini-batches": [
    { seed: 0, batchSize: 7, lr: 0.1 },
    { seed: 0, batchSize: 7, lr: 0.01 },
  ],
  "switches": [{
    switches: [
      { at: 2, config: { loss: "softmax", lr: 0.02 } },
      { at: 4, config: { optimizer: "sgd", perpGrad: false } },
    ],
  }],
};

for (const [name, configs] of Object.entries(BANDS)) {
  Deno.test(`the card's form agrees with ${name}`, async () => {
    const experiments = configs.map(({ seed, ...config }) =>
      experimentOf({ steps: STEPS, ...config, ...wide }, seed)
    );
    const expected = await band(
      experiments,
      (own, start) => onnxBand(own, one, start),
    );
    const actual = await band(experiments, card);
    expected.forEach((run, r) =>
      assertAgree(actual[r]!, run, ROUNDING.float64)
    );
  });
}

Deno.test("the card's form of a run that diverges ends where the run does", async () => {
  const config = { optimizer: "sgd", perpGrad: false, lr: 1e18 } as const;
  const experiment = experimentOf({ ...config, loss: "mse" });
  const [ends, states] = [[], []] as [unknown[], HostState[]];
  for (const form of ["processor", "card"] as const) {
    const engine = await onnxBand(
      [experiment],
      one,
      undefined,
      undefined,
      undefined,
      form,
    );
    const [advance] = await engine.advance(STEPS, STEPS);
    ends.push([advance!.diverged, advance!.losses.length]);
    states.push((await engine.states())[0]!);
    await engine.close();
  }
  assert((ends[0] as number[])[0]! > 0);
  assertEquals(ends[1], ends[0]);
  const losses: number[] = [];
  assertAgree(
    { losses, state: states[1]! },
    { losses, state: states[0]! },
    ROUNDING.float32,
  );
});

for (const form of ["processor", "card"] as const) {
  for (const name of ["transformer", "mini-batches"]) {
    Deno.test(`a run that diverges takes no other with it: ${name} in the ${form}'s form`, async () => {
      const runs = [1e30, 0.003].map((lr, seed) =>
        experimentOf({ ...MODELS[name], lr }, seed)
      );
      const engine = await onnxBand(
        runs,
        one,
        undefined,
        undefined,
        undefined,
        form,
      );
      const [first, second] = await engine.advance(STEPS, STEPS);
      await engine.close();
      assertEquals(first!.diverged, 1);
      assertEquals(second!.diverged, undefined);
      assert(second!.losses.every(Number.isFinite));
    });
  }
}

Deno.test("on a card the tensors of a model are one, on a processor they are not", async () => {
  const experiment = experimentOf({ biases: true });
  const state = await initialState(experiment);
  const packedOn = async (device: "cpu" | "cuda") =>
    (await loopStep([experiment], state, { device })).packed
      .map(({ rows }) => rows.length);
  assertEquals(await packedOn("cuda"), [4, 4, 4]);
  assertEquals(await packedOn("cpu"), []);
});

for (const form of ["processor", "card"] as const) {
  Deno.test(`runs of one seed have one order of their rows in the ${form}'s form`, async () => {
    const shapeOf = async (seeds: readonly number[]) => {
      const runs = seeds.map((seed) => experimentOf({ batchSize: 7 }, seed));
      const state = await initialState(runs[0]!);
      const { outputs } = await loopStep(runs, state, one, form);
      return new Map(outputs).get("epoch.order")!.shape;
    };
    const rows = experimentOf({}).split.train.labels.length;
    assertEquals(await shapeOf([3, 3]), [rows]);
    assertEquals(await shapeOf([3, 4]), [2, rows]);
  });
}
