// Evaluation in chunks gives the metrics that the step's graph gives of all rows
// at once.

import { assertEquals } from "@std/assert";
import { type ConfigInput, resolveConfig } from "../../lib/config/config.ts";
import { openRanks } from "../../lib/metrics/effective_rank.ts";
import { hostBatch } from "../../models/batch.ts";
import { initialTensors, prefixed } from "../../models/buffers.ts";
import { openEvaluator } from "../../lib/engine/evaluation/evaluator.ts";
import {
  makeExperiment,
  randomnessOf,
} from "../../lib/experiment/experiment.ts";
import { onnxEngine } from "../../lib/engine/onnx/onnx_engine.ts";
import {
  onnxPasses,
  type OpenPass,
  tfjsPasses,
} from "../../lib/engine/evaluation/passes.ts";
import { CHUNK, isLarge, numbersPerRow } from "../../models/size.ts";
import { openBackend } from "../../lib/devices/tfjs/backends.ts";
import { tfjsEngine } from "../../lib/engine/tfjs/tfjs_engine.ts";
import { assertClose } from "../_golden.ts";

const graph = ["basic", "tensors", "updates", "underflow"] as const;
const all = [
  ...graph,
  ...["logits", "margin", "nlm", "attention"] as const,
  ...["attention-logits", "cross-entropy"] as const,
] as const;
const mlp = { modulus: 7, hidden: [12], steps: 5, seed: 3, metrics: [...all] };
const transformer = {
  ...mlp,
  model: "transformer",
  dModel: 8,
  heads: 2,
  dMlp: 12,
} as const;

// Of each the largest error, relative and absolute, that rounding may cause: sums of 49 rows in
// another order, and cancellation in angles and in what a loss changes by.
const cases: Record<string, [config: ConfigInput, tolerance: number]> = {
  "a perceptron": [{ ...mlp, metrics: [...all].slice(0, 7) }, 2e-6],
  "float64": [
    {
      ...mlp,
      metrics: [...all].slice(0, 7),
      precision: "float64",
      lossPrecision: "float64",
    },
    1e-13,
  ],
  "mini-batches with dropout": [
    {
      ...mlp,
      metrics: [...all].slice(0, 7),
      precision: "float64",
      lossPrecision: "float64",
      batchSize: 6,
      dropout: 0.2,
    },
    1e-13,
  ],
  "batch normalisation": [
    {
      ...mlp,
      metrics: [...all].slice(0, 7),
      precision: "float64",
      lossPrecision: "float64",
      batchNorm: true,
    },
    1e-13,
  ],
  "a transformer with softmax": [
    {
      ...transformer,
      loss: "softmax",
      precision: "float64",
      lossPrecision: "float64",
    },
    1e-13,
  ],
};

const onnx = (config: ConfigInput): OpenPass =>
  onnxPasses(randomnessOf(resolveConfig(config)), { threads: 1 });

async function compare(
  config: ConfigInput,
  tolerance: number,
  rows: number,
  engine: "onnx" | "tfjs" = "onnx",
) {
  const experiment = makeExperiment(resolveConfig(config));
  const open = engine === "onnx"
    ? await onnxEngine(experiment, { threads: 1 })
    : await tfjsEngine(experiment);
  const passes = engine === "onnx"
    ? onnx(config)
    : tfjsPasses(randomnessOf(experiment.config), await openBackend("cpu"));
  const evaluator = openEvaluator(experiment, passes, rows);
  try {
    await open.advance(3, 10); // so that buffers and moments are no zeros
    const { metrics } = await open.evaluate();
    const measured = await evaluator.measure(await open.state(), open.step);
    assertEquals(Object.keys(measured), Object.keys(metrics));
    for (const [name, value] of Object.entries(metrics)) {
      const near = { relative: tolerance, absolute: tolerance };
      assertClose([measured[name]!], [value], near, name);
    }
  } finally {
    await evaluator.close();
    await open.close();
  }
}

for (const [name, [config, tolerance]] of Object.entries(cases)) {
  for (const rows of [5, 100]) {
    Deno.test(`chunks of ${rows} rows give the metrics of all: ${name}`, () =>
      compare(config, tolerance, rows));
  }
}

Deno.test("chunks give the metrics of all in TensorFlow.js", () =>
  compare(
    { ...mlp, metrics: [...all].slice(0, 7), engine: "tfjs" },
    5e-6,
    5,
    "tfjs",
  ));

Deno.test("evaluation goes in chunks from some 400 residues on", () => {
  const sized = (modulus: number) =>
    makeExperiment(resolveConfig({ modulus, hidden: [8] }));
  assertEquals(isLarge(sized(401)), false);
  assertEquals(isLarge(sized(409)), true);
  assertEquals(numbersPerRow(sized(409)), 409);
  assertEquals(Math.ceil(CHUNK / 409), 20511);
});

Deno.test("effective ranks are of the same matrices, whole and in chunks", async () => {
  const experiment = makeExperiment(resolveConfig(mlp));
  const state = initialTensors(experiment);
  const given = prefixed("params.", state);
  const { inputs } = hostBatch(experiment.split.train, experiment.model);
  const found: Record<string, number>[] = [];
  for (const rows of [Infinity, 5]) {
    const meter = await openRanks(experiment, { threads: 1 }, rows);
    found.push(await meter.measure(given, inputs));
    await meter.close();
  }
  const [whole, chunks] = found as [Record<string, number>, typeof found[0]];
  assertEquals(Object.keys(chunks), Object.keys(whole));
  const near = { relative: 1e-9, absolute: 0 };
  assertClose(Object.values(chunks), Object.values(whole), near, "ranks");
});
