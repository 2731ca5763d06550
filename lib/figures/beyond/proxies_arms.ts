/**
 * What the small-scale proxies train: variants of one setting, widths, rates.
 *
 * @module
 */

import type { Arm } from "../figure.ts";
import { transformer } from "../paper/settings.ts";

/** d_model. */
export const WIDTHS = [32, 64, 128, 256] as const;
const STEPS = 1000;
/** Nine rates from 3e-4 to 3e-1, evenly spaced in their logarithm. */
export const RATES: readonly number[] = Array.from(
  { length: 9 },
  (_, i) => Number((3e-4 * 10 ** (3 * i / 8)).toPrecision(3)),
);

const base = {
  ...transformer,
  modulus: 31,
  trainFraction: 0.65,
  init: "truncated-normal",
  loss: "softmax",
  lossPrecision: "float32",
  beta2: 0.95,
  eps: 1e-8,
  clipNorm: 1,
  schedule: "cosine",
  lrFloor: 0,
  steps: STEPS,
  evalEvery: STEPS / 10,
  metrics: ["attention-logits", "cross-entropy"],
} as const;

/** What is added to the plain setting. */
export const variants = [
  { name: "plain", label: "none", change: {} },
  { name: "qk-norm", label: "qk-norm", change: { qkNorm: true } },
  { name: "z-loss", label: "z-loss 1e-4", change: { zLoss: 1e-4 } },
  {
    name: "warm-up",
    label: "warm-up of 5 %",
    change: { warmup: STEPS / 20 },
    quick: { warmup: 10 },
  },
  {
    name: "decay",
    label: "independent decay 1e-4",
    change: { weightDecay: 1e-4, weightDecayKind: "independent" },
  },
] as const;
/** The name of one. */
export type Variant = (typeof variants)[number]["name"];

/** The name of an arm. */
export const nameOf = (variant: Variant, width: number, rate: number): string =>
  `${variant}-${width}-lr${RATES.indexOf(rate)}`;

/** A run for each variant, width and rate. */
export const arms: readonly Arm[] = variants.flatMap((variant) =>
  WIDTHS.flatMap((width) =>
    RATES.map((lr): Arm => ({
      name: nameOf(variant.name, width, lr),
      label: `${variant.label}, width ${width}, lr ${lr}`,
      config: {
        ...base,
        ...variant.change,
        lr,
        dModel: width,
        dMlp: 4 * width,
      },
      quick: {
        modulus: 13,
        dModel: width / 4,
        dMlp: width,
        steps: 200,
        evalEvery: 20,
        ...("quick" in variant && variant.quick),
      },
    }))
  )
);
