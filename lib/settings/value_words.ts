/**
 * What newcomers call the values of settings. None of it is accepted; it makes
 * the hint that goes with the refusal.
 *
 * @module
 */

import type { Words } from "../base/nearest.ts";

/** Other words for values of settings, by the settings' keys. */
export const valueWords: Readonly<Record<string, Words>> = {
  task: [
    [
      "add",
      "addition sum plus + a+b x+y modadd addmod modular-addition modularaddition",
    ],
    ["subtract", "subtraction sub minus difference a−b x−y −"],
    ["product", "multiplication multiply mul mult times prod * × a*b x*y ab"],
    ["divide", "division div / ÷ a/b x/y quotient"],
    ["parity", "sparse-parity xor k-parity sparseparity"],
    ["mnist", "digits"],
    ["composition", "compose twohop two-hop"],
    ["comparison", "compare"],
    ["spurious-parity", "spurious parity-spurious"],
    ["double-mnist", "doublemnist two-digits"],
  ],
  model: [
    [
      "mlp",
      "fc fcn feedforward ffn dense linear fully-connected perceptron nn",
    ],
    ["transformer", "gpt attention decoder nanda tf"],
    ["encoder", "bert transformer-encoder"],
  ],
  loss: [
    [
      "softmax",
      "cross-entropy crossentropy ce nll nllloss xent cel softmax-ce crossentropyloss softmaxcrossentropy categorical-crossentropy log-softmax",
    ],
    [
      "stablemax",
      "stable stable-max stmax stce stablemax-ce stablemax-cross-entropy",
    ],
    ["mse", "mseloss mean-squared-error l2 l2loss squared quadratic"],
    ["l1", "mae l1loss absolute mean-absolute-error"],
    ["taylor", "taylor-softmax taylorsoftmax"],
  ],
  optimizer: [
    [
      "adamw (with --perp-grad)",
      "perpadamw orthoadamw ⊥adamw orthogradadamw perp-adamw",
    ],
    ["sgd (with --perp-grad)", "perpsgd ⊥sgd orthosgd"],
    ["sgd", "gd gradient-descent gradientdescent momentum vanilla"],
    ["rmsprop", "rms"],
    [[], "nadam lamb lbfgs sophia adafactor shampoo radam"],
  ],
  ...Object.fromEntries(
    ["precision", "lossPrecision"].map((key): [string, Words] => [
      key,
      [
        ["float32", "fp32 f32 single float 32 torch.float32 torch.float"],
        ["float64", "fp64 f64 double 64 torch.float64 torch.double"],
        [
          key === "precision" ? [] : "float16",
          "fp16 f16 half 16 torch.float16 torch.half float16",
        ],
        [[], "bf16 bfloat16 torch.bfloat16 fp8 float8 int8 tf32"],
      ],
    ]),
  ),
  device: [
    ["cuda", "gpu nvidia gpus card"],
    ["cpu", "processor host cpu:0"],
    ["webgpu", "wgpu vulkan metal mps dawn"],
    [[], "tpu rocm hip npu xla"],
  ],
  engine: [
    ["onnx", "onnxruntime ort compiled"],
    ["tfjs", "tensorflow tensorflow.js tf eager"],
    [[], "torch pytorch jax"],
  ],
  runtime: [
    ["web", "wasm webassembly browser"],
    ["node", "native nodejs"],
  ],
  backend: [
    ["node-gpu", "gpu cuda tensorflow-gpu"],
    ["node", "tensorflow native tf nodejs"],
    ["wasm", "webassembly"],
    ["webgpu", "webgl"],
  ],
  schedule: [
    ["constant", "none const off fixed"],
    ["cosine", "cos cosine-annealing cosineannealinglr cosine-decay"],
    ["step", "steplr multistep step-decay"],
    [[], "linear exponential plateau"],
  ],
  init: [
    ["xavier-uniform", "xavier glorot glorot-uniform"],
    ["xavier-normal", "glorot-normal"],
    ["he-uniform", "kaiming-uniform"],
    ["he-normal", "he kaiming kaiming-normal"],
    ["pytorch", "torch default"],
  ],
  norm: [
    ["pre", "pre-ln pre-norm prenorm"],
    ["post", "post-ln post-norm postnorm"],
    [["pre", "post"], "layernorm ln layer-norm layer on true"],
    ["none", "off no false"],
    [[], "rmsnorm batch batchnorm"],
  ],
  positions: [
    ["none", "off no false nope"],
    ["learned", "learnt on true absolute"],
    [[], "sinusoidal rotary rope sin alibi"],
  ],
  encoding: [
    ["two-hot", "one-hot onehot tokens token embedding"],
    ["scalar", "number numeric real"],
    ["base-2", "base2 binary-digits digits plain-binary"],
    ["binary", "random-code random-binary binary-code"],
    [["base-2", "binary"], "bits"],
  ],
  grokfast: [
    ["ema", "on true yes"],
    ["none", "off false no"],
  ],
  weightDecayKind: [
    ["decoupled", "adamw"],
    ["l2", "coupled adam"],
    ["independent", "fully-decoupled"],
  ],
  perpScope: [
    ["tensor", "layer per-tensor per-layer local parameter"],
    ["global", "all whole vector"],
  ],
  perpAt: [
    ["gradient", "grad before"],
    ["update", "step after"],
  ],
};
