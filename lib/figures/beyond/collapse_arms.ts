/**
 * What is trained of neural collapse: free features, and perceptrons.
 *
 * @module
 */

import type { ConfigInput } from "../../config/config.ts";
import type { Arm } from "../figure.ts";
import { mlp, sgd } from "../paper/settings.ts";

/** Rows of each class of the free features. */
export const COUNTS = [50, 20, 5, 1];

const free = {
  ...mlp,
  ...sgd,
  momentum: 0.9,
  task: "rows",
  classCounts: COUNTS,
  model: "free-features",
  loss: "squared-error",
  lossPrecision: "float64",
  precision: "float64",
  lr: 2,
  weightDecay: 2e-3,
  weightDecayKind: "l2",
  steps: 3000,
} as const satisfies ConfigInput;

const perceptron = {
  ...mlp,
  modulus: 31,
  hidden: [128, 128],
  trainFraction: 0.8,
  loss: "mse",
  lossPrecision: "float32",
  beta1: 0.9,
  beta2: 0.98,
  eps: 1e-8,
  lr: 0.01,
  weightDecay: 1,
  steps: 3000,
  evalEvery: 10,
  checkpointEvery: 50,
} as const satisfies ConfigInput;

const columns = ["test_accuracy"];
const shorter = { steps: 1500 };
const unequal = { classImbalance: 5, checkpointEvery: 500 } as const;

/** The arms of `imbalanced-collapse`. */
export const arms: Arm[] = [
  {
    name: "formula",
    label: "free features, λ 0.002",
    config: free,
    quick: { steps: 3000 },
  },
  {
    name: "dying",
    label: "free features, λ 0.015",
    config: { ...free, weightDecay: 0.015 },
    quick: { steps: 3000 },
  },
  {
    name: "unequal-1",
    label: "unequal classes, one hidden layer",
    config: { ...perceptron, ...unequal, hidden: [128] },
    quick: shorter,
    columns,
  },
  {
    name: "unequal-2",
    label: "unequal classes, two hidden layers",
    config: { ...perceptron, ...unequal },
    quick: shorter,
    columns,
  },
  {
    name: "groks",
    label: "groks, two hidden layers",
    config: perceptron,
    quick: shorter,
    columns,
  },
  {
    name: "memorises",
    label: "memorises wrong labels, two hidden layers",
    config: { ...perceptron, labelNoise: 0.99 },
    quick: shorter,
    columns,
  },
  {
    name: "groks-1",
    label: "groks, one hidden layer",
    config: { ...perceptron, hidden: [128], trainFraction: 0.6 },
    quick: shorter,
    columns,
  },
];
