/** What the perceptron does in training only. */

import * as tf from "@tensorflow/tfjs-core";
import { assertEquals } from "@std/assert";
import { randomKey } from "../../lib/numeric/random.ts";
import { hostTensorOf } from "../../lib/numeric/tensor.ts";
import { runTraced } from "../../lib/onnx/runtime/compile.ts";
import type { Mode } from "../../models/training_mode.ts";
import { mlp } from "../../models/mlp.ts";
import { type Model, noHook } from "../../models/model.ts";
import { assertClose, valuesOf } from "../_golden.ts";

Deno.test("dropout stands behind each hidden layer's ReLU, and nowhere else", async () => {
  const model: Model = mlp({
    input: { kind: "tokens", vocabulary: 5, length: 2 },
    hidden: [4, 3],
    classes: 2,
    biases: true,
    dropout: 0.25,
  });
  const params = model.init(randomKey(0), "float64");
  const tokens = hostTensorOf("int64", [3, 2], [0, 1, 2, 3, 4, 4]);
  const names = ["layers.0.hook_post", "layers.1.hook_post"];
  for (const dropped of names) {
    const asked: [string, number, readonly number[]][] = [];
    const mode: Mode = {
      mask(name, rate, shape) {
        asked.push([name, rate, shape]);
        return name === dropped ? tf.zeros([...shape]) : tf.ones([...shape]);
      },
      update: () => {},
    };
    const { logits, ...b } = await runTraced(({ params, tokens }) => {
      const { layers } = params as unknown as {
        layers: Record<string, { W: tf.Tensor2D; b: tf.Tensor }>;
      };
      const [, one, two] = Object.values(layers);
      // What goes on where all of a layer's activations are 0.
      const next = dropped === names[0]
        ? tf.add(tf.matMul(tf.relu(tf.expandDims(one!.b)), two!.W), two!.b)
        : two!.b;
      return {
        logits: model.apply(params, tokens as tf.Tensor, noHook, mode),
        expected: next,
      };
    }, { params, tokens });
    assertEquals(asked, [[names[0], 0.25, [3, 4]], [names[1], 0.25, [3, 3]]]);
    const row = [...valuesOf(b["expected"])];
    assertClose(
      valuesOf(logits),
      [...row, ...row, ...row],
      { relative: 1e-15, absolute: 1e-15 }, // Three products, in any order.
      `logits without ${dropped}`,
    );
  }
});
