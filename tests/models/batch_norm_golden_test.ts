/** Batch normalisation held to PyTorch (tests/golden/networks/make_batch_norm.py). */

import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs-core";
import { leavesOf, type Tree, treeOf } from "../../lib/base/tree.ts";
import { definitionsOf, resolveConfig } from "../../lib/config/config.ts";
import { onnxEngine } from "../../lib/engine/onnx/onnx_engine.ts";
import { tfjsEngine } from "../../lib/engine/tfjs/tfjs_engine.ts";
import type { Experiment } from "../../lib/experiment/experiment.ts";
import { meanLoss } from "../../lib/losses/mod.ts";
import { softmax } from "../../lib/losses/softmax.ts";
import {
  type FloatDType,
  type HostTensor,
  hostTensorOf,
} from "../../lib/numeric/tensor.ts";
import { runTraced } from "../../lib/onnx/runtime/compile.ts";
import { optimizers } from "../../lib/optim/mod.ts";
import { under, withBuffers } from "../../models/buffers.ts";
import { mlp } from "../../models/mlp.ts";
import { type Model, noHook } from "../../models/model.ts";
import type { Mode } from "../../models/training_mode.ts";
import { assertClose, golden, tensorOf, valuesOf } from "../_golden.ts";

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

const cases = await golden<Golden>("networks/batch_norm");

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
