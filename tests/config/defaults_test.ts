/**
 * What the default experiment is, key by key, and which parameters every model
 * has: written out here, so that no default changes without a word.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
import { assertEquals } from "@std/assert";
import {
  type ConfigInput,
  configKeys,
  configSettings,
  defaults,
  resolveConfig,
} from "../../lib/config/config.ts";
import { type HostTensor, hostTensorOf } from "../../lib/numeric/tensor.ts";
import { runTraced } from "../../lib/onnx/runtime/compile.ts";
import { makeExperiment } from "../../lib/experiment/experiment.ts";
import type { Mode } from "../../models/training_mode.ts";
import { leavesOf } from "../../lib/base/tree.ts";
import { models } from "../../models/mod.ts";
import { noHook } from "../../models/model.ts";

const DEFAULTS = {
  task: "add",
  modulus: 113,
  encoding: "two-hot",
  codeBits: null,
  bits: 43,
  parityBits: 3,
  samples: 2000,
  mnist: null,
  trainSize: 200,
  entities: 100,
  inferredRatio: 7.2,
  oodFraction: 0.1,
  relations: 20,
  outDegree: 10,
  attributes: 10,
  attributeValues: 20,
  trainFraction: 0.4,
  labelNoise: 0,
  model: "mlp",
  embedding: null,
  hidden: [200, 200],
  biases: null,
  batchNorm: false,
  dropout: null,
  init: null,
  initScale: 1,
  layers: 1,
  dModel: 128,
  heads: 4,
  norm: null,
  positions: null,
  attention: "softmax",
  perpProjections: null,
  dMlp: 512,
  dFf: 2048,
  outputScale: 1,
  precision: "float32",
  loss: "stablemax",
  labelSmoothing: 0,
  temperature: 1,
  logitPenalty: 0,
  taylorOrder: 2,
  lossPrecision: "float32",
  correctLogitScale: 1,
  optimizer: "adamw",
  grokfast: "none",
  grokfastLambda: null,
  grokfastAlpha: 0.98,
  grokfastWindow: 100,
  clipValue: null,
  clipNorm: null,
  perpGrad: true,
  perpAt: "gradient",
  perpScope: "tensor",
  perpRenormalise: true,
  l1: 0,
  constantNorm: false,
  lr: 0.01,
  lrOverGradientNorm: false,
  weightDecay: 0,
  weightDecayKind: null,
  warmup: 0,
  schedule: "constant",
  lrFloor: 0,
  lrStepEvery: 1000,
  lrStepFactor: 0.1,
  steps: 500,
  beta1: 0.95,
  beta2: 0.999,
  eps: 1e-8,
  momentum: 0,
  muonScale: "original",
  batchSize: null,
  evalEvery: 10,
  checkpointEvery: null,
  seed: 0,
  dataSeed: null,
  metrics: ["basic"],
  from: null,
  switches: [],
  engine: "onnx",
  device: "auto",
  deviceId: 0,
  runtime: "node",
  backend: "cpu",
  threads: null,
} as const;

Deno.test("resolveConfig({}) is the default experiment, key by key", () => {
  assertEquals<unknown>(resolveConfig({}), DEFAULTS);
  assertEquals<unknown>(defaults, DEFAULTS);
  // What is drawn has a generator too, and regressions their own keys.
  const still = configKeys.filter((key) =>
    configSettings[key].preset !== undefined
  );
  assertEquals<readonly string[]>(still, Object.keys(DEFAULTS));
  // The file that a run writes, to the character.
  assertEquals(JSON.stringify(resolveConfig({})), JSON.stringify(DEFAULTS));
});

const SMALL: ConfigInput = {
  modulus: 5,
  bits: 9,
  samples: 30,
  codeBits: 4,
  dModel: 4,
  heads: 2,
  dMlp: 3,
  dFf: 6,
};

const attention = (block: number, biases: boolean) => {
  const part = `blocks.${block}.attn`;
  return [
    ...["Q", "K", "V"].map((name) => `${part}.W_${name} 2×4×2`),
    `${part}.W_O 2×2×4`,
    ...(biases
      ? [...["Q", "K", "V"].map((n) => `${part}.b_${n} 2×2`), `${part}.b_O 4`]
      : []),
  ];
};
const norm = (name: string) => [`${name}.w 4`, `${name}.b 4`];
const feedForward = (block: number, width: number) => [
  `blocks.${block}.mlp.W_in 4×${width}`,
  `blocks.${block}.mlp.b_in ${width}`,
  `blocks.${block}.mlp.W_out ${width}×4`,
  `blocks.${block}.mlp.b_out 4`,
];

// Names and shapes of the parameters, in their order.
const PARAMETERS: readonly [
  what: string,
  config: ConfigInput,
  parameters: readonly string[],
][] = [
  ["an MLP of tokens: no biases", { hidden: [7] }, [
    "layers.0.W 10×7",
    "layers.1.W 7×5",
  ]],
  ["a linear model", { hidden: [] }, ["layers.0.W 10×5"]],
  ["an MLP of tokens with biases", { hidden: [7], biases: true }, [
    ...["layers.0.W 10×7", "layers.0.b 7", "layers.1.W 7×5", "layers.1.b 5"],
  ]],
  ["an MLP of bits: biases", { task: "parity", hidden: [7] }, [
    ...["layers.0.W 9×7", "layers.0.b 7", "layers.1.W 7×2", "layers.1.b 2"],
  ]],
  ["an MLP of bits without", { task: "parity", hidden: [7], biases: false }, [
    ...["layers.0.W 9×7", "layers.1.W 7×2"],
  ]],
  ["an MLP of scalars: biases", { encoding: "scalar", hidden: [7] }, [
    ...["layers.0.W 2×7", "layers.0.b 7", "layers.1.W 7×5", "layers.1.b 5"],
  ]],
  ["an MLP of binary codes: biases", { encoding: "binary", hidden: [7] }, [
    ...["layers.0.W 8×7", "layers.0.b 7", "layers.1.W 7×5", "layers.1.b 5"],
  ]],
  // Codes of four bits are for random ones; residues below 5 have three digits.
  ["an MLP of base 2: biases", { encoding: "base-2", hidden: [7] }, [
    ...["layers.0.W 6×7", "layers.0.b 7", "layers.1.W 7×5", "layers.1.b 5"],
  ]],
  ["an MLP with embeddings", { embedding: 3, hidden: [7] }, [
    ...["W_E 5×3", "layers.0.W 6×7", "layers.1.W 7×5"],
  ]],
  ["an MLP with batch norm", { batchNorm: true, hidden: [7, 6] }, [
    ...["layers.0.W 10×7", "layers.0.bn.w 7", "layers.0.bn.b 7"],
    ...["layers.1.W 7×6", "layers.1.bn.w 6", "layers.1.bn.b 6"],
    "layers.2.W 6×5",
  ]],
  ["a transformer", { model: "transformer" }, [
    ...["W_E 6×4", "W_pos 3×4"],
    ...attention(0, false),
    ...feedForward(0, 3),
    "W_U 4×5",
  ]],
  ["a transformer, pre-LayerNorm", {
    model: "transformer",
    norm: "pre",
    layers: 2,
  }, [
    ...["W_E 6×4", "W_pos 3×4"],
    ...[0, 1].flatMap((block) => [
      ...norm(`blocks.${block}.ln1`),
      ...attention(block, false),
      ...norm(`blocks.${block}.ln2`),
      ...feedForward(block, 3),
    ]),
    ...norm("ln_final"),
    "W_U 4×5",
  ]],
  ["a transformer, post-LayerNorm", { model: "transformer", norm: "post" }, [
    ...["W_E 6×4", "W_pos 3×4"],
    ...norm("blocks.0.ln1"),
    ...attention(0, false),
    ...norm("blocks.0.ln2"),
    ...feedForward(0, 3),
    "W_U 4×5",
  ]],
  ["a transformer with norms of queries and keys", {
    model: "transformer",
    qkNorm: true,
  }, [
    ...["W_E 6×4", "W_pos 3×4"],
    ...attention(0, false),
    ...["q", "k"].flatMap((x) => [
      `blocks.0.attn.${x}_norm.w 2`,
      `blocks.0.attn.${x}_norm.b 2`,
    ]),
    ...feedForward(0, 3),
    "W_U 4×5",
  ]],
  ["a transformer without positions", {
    model: "transformer",
    positions: "none",
  }, ["W_E 6×4", ...attention(0, false), ...feedForward(0, 3), "W_U 4×5"]],
  ["an encoder", { model: "encoder" }, [
    "W_E 5×4",
    ...norm("blocks.0.ln1"),
    ...attention(0, true),
    ...norm("blocks.0.ln2"),
    ...feedForward(0, 6),
    ...["W_U 4×5", "b_U 5"],
  ]],
  ["an encoder, pre-LayerNorm, with positions", {
    model: "encoder",
    norm: "pre",
    positions: "learned",
  }, [
    ...["W_E 5×4", "W_pos 2×4"],
    ...norm("blocks.0.ln1"),
    ...attention(0, true),
    ...norm("blocks.0.ln2"),
    ...feedForward(0, 6),
    ...["W_U 4×5", "b_U 5"],
  ]],
  [
    "free features",
    { task: "rows", classCounts: [4, 2], model: "free-features" },
    ["H 6×2", "W 2×2"],
  ],
  [
    "free features of a width",
    {
      task: "rows",
      classCounts: [4, 2],
      model: "free-features",
      featureWidth: 3,
    },
    ["H 6×3", "W 3×2"],
  ],
  ["an encoder without LayerNorm", { model: "encoder", norm: "none" }, [
    ...["W_E 5×4", ...attention(0, true), ...feedForward(0, 6)],
    ...["W_U 4×5", "b_U 5"],
  ]],
];

for (const [what, config, parameters] of PARAMETERS) {
  Deno.test(`${what}: names and shapes of the parameters`, () => {
    const { params } = makeExperiment(resolveConfig({ ...SMALL, ...config }));
    assertEquals(
      leavesOf<HostTensor>(params)
        .map(([name, { shape }]) => `${name} ${shape.join("×")}`),
      parameters,
    );
  });
}

Deno.test("the parameters of every model are written out above", () => {
  const named = PARAMETERS.map(([, { model = "mlp" }]) => model);
  assertEquals(new Set(named), new Set(Object.keys(models)));
});

// What each model drops by default, and the rates that it is told.
const RATES: readonly [config: ConfigInput, rates: readonly number[]][] = [
  [{ model: "mlp", hidden: [4, 4] }, []],
  [{ model: "mlp", hidden: [4, 4], dropout: 0.3 }, [0.3, 0.3]],
  [{ model: "mlp", hidden: [4, 4], dropout: 0 }, []],
  [{ model: "transformer" }, []],
  // Attention's weights and output, the hidden layer and its output.
  [{ model: "encoder" }, [0.1, 0.1, 0.1, 0.1]],
  [{ model: "encoder", dropout: 0.2 }, [0.2, 0.2, 0.2, 0.2]],
  [{ model: "encoder", dropout: 0 }, []],
];

for (const [config, rates] of RATES) {
  Deno.test(`dropout of ${JSON.stringify(config)}`, async () => {
    const { model, params } = makeExperiment(
      resolveConfig({ ...SMALL, ...config }),
    );
    const asked: number[] = [];
    const mode: Mode = {
      mask(_, rate, shape) {
        asked.push(rate);
        return tf.ones([...shape]);
      },
      update: () => {},
    };
    const [length] = model.row.shape as [number];
    await runTraced(({ params, x }) => ({
      logits: model.apply(params, x as tf.Tensor, noHook, mode),
    }), {
      params,
      x: hostTensorOf("int64", [1, length], Array(length).fill(0)),
    });
    assertEquals(asked, rates);
  });
}
