/**
 * Settings to begin with.
 *
 * @module
 */

/** A setting, and what there is to see in it. */
export interface Preset {
  /** Its name. */
  readonly name: string;
  /** What happens, in a sentence. */
  readonly says: string;
  /** Keys of its config; the rest are groklab's defaults. */
  readonly config: Readonly<Record<string, unknown>>;
}

const small = {
  modulus: 31,
  hidden: [128, 128],
  trainFraction: 0.6,
  steps: 3000,
} as const;

/** The presets, the first being what a page opens with. */
export const presets: readonly Preset[] = [
  {
    name: "Grokking in seconds",
    says: "Addition modulo 31 with StableMax and ⊥Grad: it memorises first, " +
      "then circles form, then it knows the pairs that it never saw.",
    config: small,
  },
  {
    name: "Plain softmax collapses",
    says: "The same network with softmax in float32 and without ⊥Grad: the " +
      "logits only grow, until each loss is exactly 0 and learning stops.",
    config: {
      ...small,
      loss: "softmax",
      lossPrecision: "float32",
      perpGrad: false,
    },
  },
  {
    name: "Weight decay",
    says: "Softmax again, with AdamW's weight decay, which holds the weights " +
      "down: the usual way to grok.",
    config: {
      ...small,
      loss: "softmax",
      lossPrecision: "float32",
      perpGrad: false,
      weightDecay: 1,
    },
  },
  {
    name: "The paper's Figure 1",
    says: "Addition modulo 113, two layers of 200, 40 % of the pairs: the " +
      "network of the paper, with groklab's default.",
    config: { steps: 2000 },
  },
  {
    name: "Nanda's transformer",
    says: "One attention layer on addition modulo 59, with weight decay: the " +
      "network in which the circles were found. It takes its time.",
    config: {
      modulus: 59,
      model: "transformer",
      trainFraction: 0.5,
      loss: "softmax",
      perpGrad: false,
      weightDecay: 1,
      lr: 0.001,
      steps: 5000,
    },
  },
];
