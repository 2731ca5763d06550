/**
 * The settings that the paper's figures share, as its code has them: everything
 * is stated, so that no figure changes with a default.
 *
 * Source: Prieto et al. (arXiv 2501.04697) and the code published with it.
 *
 * @module
 */

import type { ConfigInput } from "../../config/config.ts";

// Full batch, float32, no regularisation, no ⊥Grad, the loss as it is.
const plain = {
  labelNoise: 0,
  initScale: 1,
  outputScale: 1,
  precision: "float32",
  labelSmoothing: 0,
  temperature: 1,
  logitPenalty: 0,
  correctLogitScale: 1,
  grokfast: "none",
  clipValue: null,
  clipNorm: null,
  perpGrad: false,
  l1: 0,
  constantNorm: false,
  lrOverGradientNorm: false,
  weightDecay: 0,
  weightDecayKind: null,
  warmup: 0,
  schedule: "constant",
  batchSize: null,
  dataSeed: null,
  metrics: ["basic"],
} satisfies ConfigInput;

/** AdamW as the paper's code has it. */
export const adamw = {
  optimizer: "adamw",
  beta1: 0.9,
  beta2: 0.99,
  eps: 1e-25,
} satisfies ConfigInput;

/** Gradient descent, without momentum. */
export const sgd = {
  optimizer: "sgd",
  momentum: 0,
} satisfies ConfigInput;

/**
 * Gradient descent of Figures 8 and 9: momentum as the published code has it, and
 * the rate divided by how far the gradient's norm has grown. The published
 * scheduler is in no published file; this one is inferred, see Figure 8's text.
 */
export const scheduledSgd = {
  optimizer: "sgd",
  momentum: 0.2,
  lrOverGradientNorm: true,
  gradientNormUnit: "first",
} satisfies ConfigInput;

/**
 * ⊥Grad in front of an optimizer, as the paper's code has it: per tensor, and
 * back to the gradient's length. Its base optimizer really had PyTorch's betas
 * and ε, whatever its command line said; figures state them beside this.
 */
export const perpGrad = {
  perpGrad: true,
  perpAt: "gradient",
  perpScope: "tensor",
  perpRenormalise: true,
} satisfies ConfigInput;

/** PyTorch's betas and ε. */
export const pytorchBetas = {
  beta1: 0.9,
  beta2: 0.999,
  eps: 1e-8,
} satisfies ConfigInput;

/** Addition mod 113 by the MLP 226–200–200–113 without biases. */
export const mlp = {
  ...plain,
  ...adamw,
  task: "add",
  modulus: 113,
  encoding: "two-hot",
  trainFraction: 0.4,
  model: "mlp",
  hidden: [200, 200],
  embedding: null,
  biases: false,
  init: "pytorch",
} satisfies ConfigInput;

/** Sparse parity of 3 out of 43 bits, by the same MLP with biases. */
export const parityMlp = {
  ...plain,
  ...adamw,
  task: "parity",
  bits: 43,
  parityBits: 3,
  samples: 2000,
  trainFraction: 0.5,
  model: "mlp",
  hidden: [200, 200],
  biases: true,
  init: "pytorch",
} satisfies ConfigInput;

/** Addition mod 113 by the one-layer transformer of Nanda et al. (2301.05217). */
export const transformer = {
  ...plain,
  ...adamw,
  task: "add",
  modulus: 113,
  encoding: "two-hot",
  trainFraction: 0.4,
  model: "transformer",
  layers: 1,
  dModel: 128,
  heads: 4,
  dMlp: 512,
  norm: "none",
  positions: "learned",
  attention: "softmax",
  dropout: 0,
  init: "nanda",
} satisfies ConfigInput;

/**
 * Addition of 1 to 112 by the encoder of the paper's published code: PyTorch's
 * layer as it is by default, with Q, K and V in one tensor.
 */
export const encoder = {
  ...plain,
  ...adamw,
  task: "add",
  modulus: 113,
  residues: "nonzero",
  encoding: "two-hot",
  trainFraction: 0.4,
  model: "encoder",
  layers: 1,
  dModel: 128,
  heads: 4,
  dFf: 2048,
  norm: "post",
  positions: "none",
  attention: "softmax",
  dropout: 0.1,
  generator: "squares",
  perpProjections: "joint",
  init: "pytorch",
} satisfies ConfigInput;

/** 200 digits of MNIST, by an MLP of one hidden layer, all weights times 100. */
export const mnistMlp = {
  ...plain,
  ...adamw,
  task: "mnist",
  trainSize: 200,
  model: "mlp",
  hidden: [200],
  biases: true,
  init: "pytorch",
  initScale: 100,
} satisfies ConfigInput;

/** MLP of the quick forms: a smaller modulus, so that steps take a tenth. */
export const quickMlp = {
  modulus: 31,
  hidden: [100, 100],
} satisfies ConfigInput;

/**
 * MLP of the quick forms in which a network has to generalise without help: with
 * fewer numbers a smaller share of the pairs is not enough.
 */
export const quickGrok = {
  modulus: 59,
  hidden: [128, 128],
  trainFraction: 0.8,
} satisfies ConfigInput;
