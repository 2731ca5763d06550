/**
 * Every metric of small models, in float32 and float64, held to PyTorch; both
 * engines.
 */

import { assertEquals } from "@std/assert";
import { resolveConfig } from "../../lib/config/config.ts";
import { hostTensorOf } from "../../lib/numeric/tensor.ts";
import type { Engine } from "../../lib/engine/engine.ts";
import {
  type Experiment,
  makeExperiment,
} from "../../lib/experiment/experiment.ts";
import { treeOf } from "../../lib/base/tree.ts";
import {
  assertClose,
  golden,
  goldenModels,
  MODEL_CONFIGS,
  type ModelName,
  type Tolerance,
} from "../_golden.ts";
import { meteredOnnx, meteredTfjs } from "../engine/_metered.ts";

type Part = "train" | "test" | "ood";

interface Case {
  readonly model: ModelName;
  readonly dtype: "float32" | "float64";
  /** What the initial parameters are multiplied by. */
  readonly factor: number;
  readonly rate: number;
  readonly metrics: Readonly<Record<string, number | null>>;
}

const { parts, cases } = await golden<{
  parts: Record<ModelName, Record<Part, [begin: number, end: number]>>;
  cases: Case[];
}>("metrics");
const models = await goldenModels();

function experimentOf({ model, dtype, factor, rate }: Case): Experiment {
  const { inputs, labels, shapes, init } = models[model];
  const experiment = makeExperiment(resolveConfig({
    ...MODEL_CONFIGS[model],
    loss: "softmax",
    optimizer: "sgd",
    momentum: 0,
    perpGrad: false,
    precision: dtype,
    lossPrecision: dtype,
    lr: rate,
    metrics: ["all"],
  }));
  const part = (name: Part) => {
    const range = parts[model][name];
    return { inputs: inputs.slice(...range), labels: labels.slice(...range) };
  };
  const params = Object.entries(init).map(([path, values]) =>
    [
      path,
      // The file has the shortest decimals that name a float32.
      hostTensorOf(
        dtype,
        shapes[path]!,
        values.map((x) => factor * Math.fround(x)),
      ),
    ] as const
  );
  return {
    ...experiment,
    split: {
      train: part("train"),
      test: part("test"),
      extra: { ood: part("ood") },
    },
    params: treeOf(params),
  };
}

// What is computed adds up no more than 16 terms at a time, through six layers
// there and back: 50 roundings, since they go both ways. exp makes a relative
// error of the rounding of its argument, and arguments grow with the factor.
const toleranceOf = ({ dtype, factor }: Case): Tolerance => {
  const epsilon = dtype === "float64" ? 2 ** -52 : 2 ** -23;
  return { relative: 50 * epsilon * factor, absolute: 50 * epsilon };
};

// The Gram matrix of k = 16 rows squares the singular values: one below √(k·ε),
// 6e-8 of the largest, is taken for 0, where −p·ln p of it is 1e-6.
const SQUARED = 1e-6;

async function assertGolden(engine: Engine, golden: Case) {
  const { metrics: own } = await engine.evaluate();
  await engine.close();
  const wanted = Object.entries(golden.metrics);
  assertEquals(Object.keys(own).sort(), wanted.map(([name]) => name).sort());
  for (const [name, value] of wanted) {
    const { relative, absolute } = toleranceOf(golden);
    const squared = name.startsWith("effective_rank") ? SQUARED : 0;
    const tolerance = { relative: relative + squared, absolute };
    assertClose([own[name]!], [value ?? NaN], tolerance, name);
  }
}

for (const golden of cases) {
  const { model, dtype, factor, rate } = golden;
  const title = `metrics as in PyTorch: ${model} ×${factor} ${dtype}, ` +
    `rate ${rate}`;
  const experiment = experimentOf(golden);
  Deno.test(`${title}, onnx`, async () => {
    await assertGolden(await meteredOnnx(experiment), golden);
  });
  if (dtype === "float64") continue; // TensorFlow.js has float32 only.
  Deno.test(`${title}, tfjs`, async () => {
    await assertGolden(await meteredTfjs(experiment), golden);
  });
}
