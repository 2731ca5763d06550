/**
 * Metrics where their values are known in closed form: a collapsed network,
 * temperatures, attention.
 */

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { assertEquals } from "@std/assert";
import { resolveConfig } from "../../lib/config/config.ts";
import { attention } from "../../lib/metrics/attention.ts";
import { attentionLogits } from "../../lib/metrics/attention_logits.ts";
import type { Measured } from "../../lib/metrics/group.ts";
import { effectiveRankOf } from "../../lib/metrics/mod.ts";
import { type HostTensor, hostTensorOf } from "../../lib/numeric/tensor.ts";
import type { Engine } from "../../lib/engine/engine.ts";
import {
  type Experiment,
  makeExperiment,
} from "../../lib/experiment/experiment.ts";
import { onnxEngine } from "../../lib/engine/onnx/onnx_engine.ts";
import { assertClose } from "../_golden.ts";
import { meteredOnnx, meteredTfjs } from "../engine/_metered.ts";

const P = 5;

const diagonal = (rows: number, columns: number, value: number): HostTensor =>
  hostTensorOf(
    "float32",
    [rows, columns],
    Array.from(
      { length: rows * columns },
      (_, i) => Math.floor(i / columns) === i % columns ? value : 0,
    ),
  );

/**
 * A perceptron whose logits of (a, b) are z at a and 0 elsewhere: the first
 * layer passes the one-hot rows on, the second takes z times those of a. Trained
 * on b = 0, where that is right, it has nothing left to learn once it collapses.
 */
function certain(z: number): Experiment {
  const experiment = makeExperiment(resolveConfig({
    modulus: P,
    hidden: [2 * P],
    loss: "softmax",
    optimizer: "sgd",
    momentum: 0,
    perpGrad: false,
    metrics: ["all"],
  }));
  const pairs = (b: number) => ({
    inputs: Array.from({ length: P }, (_, a) => [a, b]),
    labels: Array.from({ length: P }, (_, a) => (a + b) % P),
  });
  return {
    ...experiment,
    split: { train: pairs(0), test: pairs(1) },
    params: {
      layers: {
        0: { W: diagonal(2 * P, 2 * P, 1) },
        1: { W: diagonal(2 * P, P, z) },
      },
    },
  };
}

const engines: Record<string, (experiment: Experiment) => Promise<Engine>> = {
  onnx: meteredOnnx,
  tfjs: meteredTfjs,
};

for (const [name, start] of Object.entries(engines)) {
  Deno.test(`a collapsed network has the metrics of one, ${name}`, async () => {
    const z = 110; // exp(−110) is 0 in float32.
    const experiment = certain(z);
    const engine = await start(experiment);
    const { metrics } = await engine.evaluate();
    await engine.close();
    const length = Math.sqrt(2 * P + P * z ** 2);
    const exact: Record<string, number> = {
      train_loss: 0,
      train_accuracy: 1,
      test_loss: z,
      test_accuracy: 0,
      softmax_collapse: 1,
      zero_terms: 1,
      gradient_norm: 0,
      cos_weight_neg_gradient: NaN,
      "cos_weight_neg_gradient.layers.1.W": NaN,
      zero_gradients: 1,
      "zero_gradients.layers.0.W": 1,
      absorbed_updates: 1,
      "absorbed_updates.layers.1.W": 1,
      update_norm: 0,
      update_to_weight: 0,
      zero_exponentials: (P - 1) / P,
      exponential_underflow: (P - 1) / P,
      max_logit: z,
      logit_gap: z,
      margin_min: z,
      margin_p10: z,
      margin_median: z,
      margin_mean: z,
      train_loss_after_update: 0,
      train_loss_after_nlm: 0,
    };
    for (const [name, value] of Object.entries(exact)) {
      // A share in float32 is as far off as its last place.
      assertClose(
        [metrics[name]!],
        [value],
        { relative: 2 ** -23, absolute: 0 },
        name,
      );
    }
    const close: Record<string, number> = {
      weight_norm: length,
      "weight_norm.layers.1.W": Math.sqrt(P) * z,
      normalised_margin_min: z / length ** 2,
      "gap_to_threshold.float32": z / Math.log(2 * (P - 1) * 2 ** 23),
      "effective_rank.layers.0.W": 2 * P,
      "effective_rank.layers.1.W": P,
      // Rows onehot(a) ⊕ onehot(0): their products are 1 more on the diagonal.
      "effective_rank.layers.0.hook_post": effectiveRankOf([
        Math.sqrt(P + 1),
        1,
        1,
        1,
        1,
      ]),
    };
    for (const [name, value] of Object.entries(close)) {
      // Ten roundings in float32.
      const tolerance = { relative: 10 * 2 ** -23, absolute: 0 };
      assertClose([metrics[name]!], [value], tolerance, name);
    }
  });

  Deno.test(`subnormal exponentials underflow and are not yet 0, ${name}`, async () => {
    const experiment = certain(95); // exp(−95) ≈ 5.5e-42 < 2^−126
    const engine = await start(experiment);
    const { metrics } = await engine.evaluate();
    await engine.close();
    assertEquals(metrics["zero_exponentials"], 0);
    assertClose(
      [metrics["exponential_underflow"]!],
      [(P - 1) / P],
      { relative: 2 ** -23, absolute: 0 },
      "exponential_underflow",
    );
  });
}

Deno.test("a temperature moves the threshold", async () => {
  const measured = async (temperature: number) => {
    const engine = await onnxEngine(makeExperiment(resolveConfig({
      modulus: 5,
      hidden: [4],
      loss: "softmax",
      temperature,
      metrics: ["logits"],
    })));
    const { metrics } = await engine.evaluate();
    await engine.close();
    return metrics;
  };
  const [cold, warm] = [await measured(1), await measured(4)];
  const threshold = Math.log(2 * 4 * 2 ** 23);
  // A product and a quotient, each rounded in float64.
  const tolerance = { relative: 4 * 2 ** -52, absolute: 0 };
  for (
    const [name, value] of Object.entries({
      "collapse_threshold.float32": 4 * threshold,
      "gap_to_threshold.float32": cold["logit_gap"]! / (4 * threshold),
    })
  ) assertClose([warm[name]!], [value], tolerance, name);
});

Deno.test("attention_collapse counts rows that could see more, by head", async () => {
  await tf.setBackend("cpu");
  const hidden = -1e10;
  // Of three positions, for each query: one head is sure, the other is not.
  const sure = [[0, hidden, hidden], [50, 0, hidden], [0, 0, 50]];
  const unsure = [[0, hidden, hidden], [1, 0, hidden], [0, 0, 50]];
  const scores = tf.tensor4d([[sure, unsure], [sure, unsure]]);
  const activations = new Map<string, tf.Tensor>([
    ["blocks.0.attn.hook_attn_scores", scores],
    ["blocks.0.attn.hook_pattern", tf.softmax(scores)],
    ["blocks.1.attn.hook_attn_scores", scores],
  ]);
  const experiment = makeExperiment(resolveConfig({ modulus: 5 }));
  const columns = attention.make(experiment)(
    {
      sums: ((f) => f(activations)) as Measured["sums"],
    } as unknown as Measured,
  );
  const values = Object.fromEntries(
    Object.entries(columns).map(([name, x]) => [name, x.dataSync()[0]]),
  );
  assertEquals(values, {
    // Of the first block queries 1 and 2, of the last query 2, of both heads.
    attention_collapse: Math.fround(
      (2 * (2 + 1) + 2 * 2) / (2 * 2 * 2 + 2 * 2),
    ),
    "attention_collapse.blocks.0.attn.0": 1,
    "attention_collapse.blocks.0.attn.1": 0.5,
    "attention_collapse.blocks.1.attn.0": 1,
    "attention_collapse.blocks.1.attn.1": 1,
  });
});

Deno.test("max_attention_logit is the largest that can be seen, by layer", async () => {
  await tf.setBackend("cpu");
  const hidden = -1e10;
  const scores = tf.tensor4d([[
    [[-3, hidden, hidden], [-2, -9, hidden], [-4, -5, -6]],
  ]]);
  const { maxima, layers } = {
    maxima: ((f) =>
      f(
        new Map([
          ["blocks.0.attn.hook_attn_scores", scores],
          ["blocks.1.attn.hook_attn_scores", scores],
        ]),
      )) as Measured["maxima"],
    layers: attentionLogits.make(
      makeExperiment(resolveConfig({ modulus: 5 })),
    ),
  };
  const columns = layers({ maxima } as unknown as Measured);
  const values = Object.fromEntries(
    Object.entries(columns).map(([name, x]) => [name, x.dataSync()[0]]),
  );
  // Of the last block the last query alone.
  assertEquals(values, {
    max_attention_logit: -2,
    "max_attention_logit.blocks.0.attn": -2,
    "max_attention_logit.blocks.1.attn": -4,
  });
});
