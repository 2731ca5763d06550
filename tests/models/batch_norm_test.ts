/** What batch normalisation leaves in a checkpoint, and what it refuses. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { UsageError } from "../../lib/base/errors.ts";
import { treeOf } from "../../lib/base/tree.ts";
import { type ConfigInput, resolveConfig } from "../../lib/config/config.ts";
import { onnxEngine } from "../../lib/engine/onnx/onnx_engine.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import { hostTensorOf } from "../../lib/numeric/tensor.ts";
import { loadProbeModel } from "../../lib/onnx/inspect/load_probe_model.ts";
import { ProbeModel } from "../../lib/onnx/inspect/probe_model.ts";
import { checkpointWriter } from "../../lib/runs/checkpoint.ts";
import { train } from "../../lib/train/train.ts";
import { initialTensors, modelTensors } from "../../models/buffers.ts";
import { batchNorm } from "../../models/layers/batch_norm.ts";
import type { Mode } from "../../models/training_mode.ts";
import { valuesOf } from "../_golden.ts";
import { withTempDir } from "../tasks/_run.ts";

const SMALL: ConfigInput = {
  modulus: 7,
  hidden: [8, 6],
  batchNorm: true,
  threads: 1,
  steps: 30,
  evalEvery: 10,
};

Deno.test("a checkpoint normalises by the running statistics, which are no weights", () =>
  withTempDir(async (dir) => {
    const { checkpoint, final } = await train(SMALL, { run: `${dir}/run` });
    const file = await loadProbeModel(checkpoint);
    const buffers = [0, 1].flatMap((i) => [
      `layers.${i}.bn.running_mean`,
      `layers.${i}.bn.running_var`,
    ]);
    assertEquals(file.metadata("buffers"), buffers);
    for (const path of buffers) {
      assert(!file.weightNames.includes(path), path);
      // Of every unit another than it began with.
      const first = path.endsWith("mean") ? 0 : 1;
      assert(valuesOf(file.weight(path)).every((x) => x !== first), path);
    }
    // By them, one row at a time, as it was evaluated in training.
    const { split } = makeExperiment(resolveConfig(SMALL));
    let right = 0;
    for (const [i, row] of split.test.inputs.entries()) {
      const tokens = hostTensorOf("int64", [1, 2], row);
      const { logits } = await file.run({ tokens });
      const z = [...valuesOf(logits)];
      if (z.indexOf(Math.max(...z)) === split.test.labels[i]) right++;
    }
    await file.close();
    assertEquals(
      Math.fround(right / split.test.labels.length),
      final["test_accuracy"],
    );
  }));

Deno.test("a mini-batch is normalised by its own rows", async () => {
  const experiment = makeExperiment(
    resolveConfig({
      ...SMALL,
      batchSize: 4,
      precision: "float64",
      hidden: [5],
    }),
  );
  const engine = await onnxEngine(experiment, { threads: 1 });
  await engine.advance(1, 1);
  const state = await engine.state();
  await engine.close();
  const mean = valuesOf(state["buffers.layers.0.bn.running_mean"]);
  // Some four rows have this mean; all rows together have another.
  const W = valuesOf(initialTensors(experiment)["layers.0.W"]);
  const products = experiment.split.train.inputs.map(([a, b]) =>
    Array.from({ length: 5 }, (_, j) => W[a! * 5 + j]! + W[(7 + b!) * 5 + j]!)
  );
  const meanOf = (rows: readonly number[]) =>
    Array.from(
      { length: 5 },
      (_, j) =>
        rows.reduce((sum, row) => sum + products[row]![j]!, 0) / rows.length,
    );
  const fits = (rows: readonly number[]) =>
    // A mean of four, and its tenth: half a dozen roundings.
    meanOf(rows).every((x, j) => Math.abs(x / 10 - mean[j]!) < 1e-15);
  const all = products.map((_, i) => i);
  const fours = all.flatMap((a) =>
    all.slice(a + 1).flatMap((b) =>
      all.slice(b + 1).flatMap((c) => all.slice(c + 1).map((d) => [a, b, c, d]))
    )
  );
  // One, or such that have the same summands otherwise paired.
  const summands = (rows: readonly number[]) =>
    [0, 1].map((i) =>
      rows.map((row) => experiment.split.train.inputs[row]![i]).sort()
    ).join(" ");
  const fitting = fours.filter(fits);
  assertEquals(new Set(fitting.map(summands)).size, 1);
  assert(fitting.length < 10);
  assert(!fits(all));
});

Deno.test("a checkpoint has batch normalisation's parameters and buffers, under its layer", async () => {
  const experiment = makeExperiment(resolveConfig({ ...SMALL, biases: true }));
  const engine = await onnxEngine(experiment, { threads: 1 });
  const tensors = modelTensors(await engine.state());
  await engine.close();
  const writer = await checkpointWriter(
    experiment.model,
    treeOf(Object.entries(tensors)),
  );
  const file = new ProbeModel(writer.encode(tensors, {}), "checkpoint");
  const hidden = [0, 1].flatMap((i) =>
    ["W", "b", "bn.w", "bn.b", "bn.running_mean", "bn.running_var"]
      .map((name) => `layers.${i}.${name}`)
  );
  assertEquals(
    // Without metadata nothing tells buffers apart.
    [...file.weightNames].sort(),
    [...hidden, "layers.2.W", "layers.2.b"].sort(),
  );
});

Deno.test("batch normalisation wants two rows", () => {
  const refused = (config: ConfigInput, message: string) =>
    assertThrows(
      () => makeExperiment(resolveConfig({ ...SMALL, ...config })),
      UsageError,
      message,
    );
  refused({ batchSize: 1 }, "batches of 2 rows or more, got --batch-size 1");
  refused({ trainFraction: 0.03 }, "2 rows or more, got 1 to train on");
  refused({ hidden: [] }, "--batch-norm normalises hidden layers");
  const ones = (shape: number[]) => tf.ones(shape);
  const mode: Mode = { mask: () => ones([1]), update: () => {} };
  const [w, b, running_mean, running_var] = [1, 2, 3, 4].map(() => ones([2]));
  const params = { w, b, running_mean, running_var };
  assertThrows(
    () => batchNorm(ones([1, 2]) as tf.Tensor2D, params as never, "bn", mode),
    RangeError,
    "a batch of 1 row",
  );
});

Deno.test("batches larger than the train rows are refused", () => {
  const config = resolveConfig({ modulus: 7, batchSize: 20 });
  assertThrows(
    () => makeExperiment(config),
    UsageError,
    "--batch-size must be at most 19, the train rows, got 20",
  );
});
