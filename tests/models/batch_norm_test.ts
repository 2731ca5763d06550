/**
 * Batch normalisation held to PyTorch (tests/golden/make_batch_norm.py), and what
 * else its running statistics must do.
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import { UsageError } from "../../lib/base/errors.ts";
import { leavesOf, type Tree, treeOf } from "../../lib/base/tree.ts";
import {
  type ConfigInput,
  definitionsOf,
  resolveConfig,
} from "../../lib/config/config.ts";
import { onnxEngine } from "../../lib/engine/onnx/onnx_engine.ts";
import { tfjsEngine } from "../../lib/engine/tfjs/tfjs_engine.ts";
import {
  type Experiment,
  makeExperiment,
} from "../../lib/experiment/experiment.ts";
import { meanLoss } from "../../lib/losses/mod.ts";
import { softmax } from "../../lib/losses/softmax.ts";
import {
  type FloatDType,
  type HostTensor,
  hostTensorOf,
} from "../../lib/numeric/tensor.ts";
import { loadProbeModel } from "../../lib/onnx/inspect/load_probe_model.ts";
import { ProbeModel } from "../../lib/onnx/inspect/probe_model.ts";
import { runTraced } from "../../lib/onnx/runtime/compile.ts";
import { optimizers } from "../../lib/optim/mod.ts";
import { checkpointWriter } from "../../lib/runs/checkpoint.ts";
import { train } from "../../lib/train/train.ts";
import {
  initialTensors,
  modelTensors,
  under,
  withBuffers,
} from "../../models/buffers.ts";
import { batchNorm } from "../../models/layers/batch_norm.ts";
import { mlp } from "../../models/mlp.ts";
import { type Model, noHook } from "../../models/model.ts";
import type { Mode } from "../../models/training_mode.ts";
import { assertClose, golden, tensorOf, valuesOf } from "../_golden.ts";
import { withTempDir } from "../tasks/_run.ts";

type Tensors = Readonly<Record<string, readonly number[]>>;

interface Golden {
  readonly [name: string]:
    & {
      readonly options: {
        readonly vocabulary: number;
        readonly length: number;
        readonly classes: number;
        readonly hidden: readonly number[];
        readonly biases: boolean;
      };
      readonly tokens: number[][];
      readonly labels: number[];
      readonly lr: number;
      readonly shapes: Record<string, number[]>;
      readonly params: Tensors;
      readonly buffers: Tensors;
      readonly trained: { losses: number[]; params: Tensors; buffers: Tensors };
    }
    & Readonly<
      Record<"evaluation" | "training", {
        readonly logits: number[];
        readonly loss: number;
        readonly gradients: Tensors;
        readonly buffers: Tensors;
      }>
    >;
}

// Sums of a dozen products through three layers; a variance of nine rows cancels
// a few of the 16 digits.
const CLOSE = { relative: 1e-12, absolute: 1e-13 };
// In float32 2²⁹ times as large; five steps multiply it by no more than ten.
const CLOSE32 = { relative: 1e-3, absolute: 1e-4 };

function assertTensors(
  found: Readonly<Record<string, HostTensor>>,
  expected: Tensors,
  what: string,
  tolerance = CLOSE,
) {
  assertEquals(Object.keys(found).sort(), Object.keys(expected).sort());
  for (const [path, values] of Object.entries(expected)) {
    assertClose(valuesOf(found[path]), values, tolerance, `${what} ${path}`);
  }
}

const cases = await golden<Golden>("batch_norm");

for (const [name, reference] of Object.entries(cases)) {
  const { options, shapes, labels } = reference;
  const { vocabulary, length, ...sizes } = options;
  const model: Model = mlp({
    ...sizes,
    input: { kind: "tokens", vocabulary, length },
    batchNorm: true,
  });
  const tokens = tensorOf("int64", reference.tokens);
  const y = hostTensorOf("int64", [labels.length], labels);
  const treeFrom = (tensors: Tensors, dtype: FloatDType = "float64") =>
    treeOf(
      Object.entries(tensors).map(([path, values]) =>
        [
          path,
          hostTensorOf(dtype, shapes[path]!, values.map(Math.fround)),
        ] as const
      ),
    ) as Tree<HostTensor>;

  for (const how of ["evaluation", "training"] as const) {
    Deno.test(`batch normalisation in ${how} is PyTorch's: ${name}`, async () => {
      const lossOf = meanLoss(softmax, "float64");
      const results = await runTraced(({ params, buffers, tokens, y }) => {
        const updates: Record<string, tf.Tensor> = {};
        const mode: Mode | undefined = how === "evaluation" ? undefined : {
          mask: () => {
            throw new TypeError("Nothing is dropped");
          },
          update: (path, value) => void (updates[path] = value),
        };
        const leaves = leavesOf<tf.Tensor>(params);
        const logitsOf = (...tensors: tf.Tensor[]) =>
          model.apply(
            withBuffers<tf.Tensor>(
              treeOf(leaves.map(([path], i) => [path, tensors[i]!] as const)),
              buffers as Tree<tf.Tensor>,
            ),
            tokens as tf.Tensor,
            noHook,
            mode,
          );
        const own = leaves.map(([, tensor]) => tensor);
        const { value, grads } = tf.valueAndGrads((...tensors) =>
          lossOf(logitsOf(...tensors), y as tf.Tensor1D)
        )(own);
        return {
          logits: logitsOf(...own),
          loss: value,
          gradients: treeOf(leaves.map(([path], i) => [path, grads[i]!])),
          ...(mode && { updates: treeOf(Object.entries(updates)) }),
        };
      }, {
        params: treeFrom(reference.params),
        buffers: treeFrom(reference.buffers),
        tokens,
        y,
      });
      const { logits, loss, gradients } = reference[how];
      assertEquals(results["logits"]!.dtype, "float64");
      assertClose(valuesOf(results["logits"]), logits, CLOSE, "logits");
      assertClose(valuesOf(results["loss"]), [loss], CLOSE, "loss");
      assertTensors(under(results, "gradients."), gradients, "gradient of");
      if (how === "training") {
        assertTensors(
          under(results, "updates."),
          reference.training.buffers,
          "updated",
        );
      }
    });
  }

  for (const dtype of ["float64", "float32"] as const) {
    const experiment = (): Experiment => {
      const config = resolveConfig({
        optimizer: "sgd",
        lr: reference.lr,
        precision: dtype,
        lossPrecision: dtype,
      });
      const examples = { inputs: reference.tokens, labels };
      return {
        config,
        definitions: definitionsOf(config),
        split: { train: examples, test: examples },
        model,
        loss: softmax,
        optimizer: optimizers.sgd.make(config),
        params: treeFrom(reference.params, dtype),
      };
    };
    const engines = {
      onnx: (e: Experiment) => onnxEngine(e, { threads: 1 }),
      "onnx in WebAssembly": (e: Experiment) =>
        onnxEngine(e, { runtime: "web" }),
      ...(dtype === "float32" && { tfjs: (e: Experiment) => tfjsEngine(e) }),
    };
    for (const [engine, open] of Object.entries(engines)) {
      Deno.test(`five steps with batch normalisation are PyTorch's: ${name}, ${dtype}, ${engine}`, async () => {
        const started = await open(experiment());
        const { losses, params, buffers } = reference.trained;
        const advance = await started.advance(losses.length, 1);
        const state = await started.state();
        await started.close();
        const close = dtype === "float64" ? CLOSE : CLOSE32;
        assertClose(advance.losses, losses, close, "losses");
        assertTensors(under(state, "params."), params, "trained", close);
        assertTensors(under(state, "buffers."), buffers, "trained", close);
      });
    }
  }
}

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
  assertEquals(fours.filter(fits).length, 1);
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
