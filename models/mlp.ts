/**
 * The paper's multilayer perceptron.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
import {
  integers,
  nullable,
  type Setting,
  yesNo,
} from "../lib/config/setting.ts";
import type { Input } from "../lib/data/definition.ts";
import { castLike } from "../lib/trace/precision.ts";
import { defineModel, type ModelDefinition } from "./definition.ts";
import { drawn, embed, type Model } from "./model.ts";

/** The parameters of one layer: W is [in, out], b (where there are any) [out]. */
export type Layer<Leaf> = { readonly W: Leaf; readonly b?: Leaf };

/** The parameters: `layers.0.W`, `layers.0.b`, `layers.1.W`, … */
export type MlpParams<Leaf = tf.Tensor> = {
  readonly layers: { readonly [index: string]: Layer<Leaf> };
};

/** The sizes of a perceptron. */
export interface MlpOptions {
  /**
   * Its input: tokens, each one-hot encoded over the vocabulary, side by side
   * (of two tokens modulo p: width 2p), or numbers.
   */
  readonly input: Input;
  /** Widths of the hidden layers. */
  readonly hidden: readonly number[];
  /** How many logits. */
  readonly classes: number;
  /** Whether every layer adds a bias. */
  readonly biases: boolean;
}

// Numbers that one activation may have to stay in a processor's cache.
const CACHED = 2 ** 19;

/**
 * ReLU layers and a linear one: x ↦ W₂ᵀ relu(W₁ᵀ relu(W₀ᵀ x)), with biases if
 * wanted. W and b are drawn from U(±1/√fan_in), PyTorch's default.
 *
 * Hooks: `layers.i.hook_pre` and `layers.i.hook_post`, [batch, width], before
 * and after the ReLU of each hidden layer.
 *
 * Source: Prieto et al. (arXiv 2501.04697), Section 3; two hidden layers of 200.
 *
 * @param options Input, widths, classes, biases.
 */
export function mlp(
  { input, hidden, classes, biases }: MlpOptions,
): Model<MlpParams> {
  const tokens = input.kind === "tokens";
  const fanIn = tokens ? input.length * input.vocabulary : input.width;
  const widths = [fanIn, ...hidden, classes];
  const last = widths.length - 2;

  return {
    input: tokens ? "tokens" : input.name,
    row: tokens
      ? { dtype: "int64", shape: [input.length] }
      : { dtype: "float32", shape: [fanIn] },
    rowsAtOnce: Math.ceil(CACHED / Math.max(1, ...hidden)),

    init(key, dtype) {
      const draw = (name: string, shape: number[], fanIn: number) =>
        drawn(
          key(`init/${name}`),
          dtype,
          shape,
          (stream) => (2 * stream.uniform() - 1) / Math.sqrt(fanIn),
        );
      return {
        layers: Object.fromEntries(
          widths.slice(1).map((width, i) => {
            const from = widths[i]!;
            const W = draw(`layers.${i}.W`, [from, width], from);
            const b = () => draw(`layers.${i}.b`, [width], from);
            return [i, biases ? { W, b: b() } : { W }];
          }),
        ),
      };
    },

    apply({ layers }, x, hook) {
      const layer = (h: tf.Tensor2D, i: number): tf.Tensor2D => {
        const { W, b } = layers[i]!;
        const product = i === 0 && tokens
          ? oneHots(x as tf.Tensor2D, W as tf.Tensor2D, input.vocabulary)
          : tf.matMul(h, W as tf.Tensor2D);
        const pre = (b ? tf.add(product, b) : product) as tf.Tensor2D;
        if (i === last) return pre;
        return layer(
          hook(
            `layers.${i}.hook_post`,
            tf.relu(hook(`layers.${i}.hook_pre`, pre)) as tf.Tensor2D,
          ),
          i + 1,
        );
      };
      // Numbers come as float32 whatever the model's precision.
      const { W } = layers[0]!;
      return layer((tokens ? x : castLike(x, W)) as tf.Tensor2D, 0);
    },
  };
}

// concat(onehot(a), onehot(b), …) · W is row a of W's first p rows plus row b of
// its next p rows, and so on.
function oneHots(
  tokens: tf.Tensor2D,
  W: tf.Tensor2D,
  p: number,
): tf.Tensor2D {
  const token = (i: number) =>
    tf.reshape(tf.slice(tokens, [0, i], [-1, 1]), [-1]) as tf.Tensor1D;
  const part = (i: number) => tf.slice(W, [i * p, 0], [p, -1]);
  return Array.from(
    { length: tokens.shape[1] },
    (_, i) => embed(part(i), token(i)),
  ).reduce((sum, rows) => tf.add(sum, rows));
}

/** The perceptron's settings. */
export type MlpSettings = {
  readonly hidden: Setting<readonly number[]>;
  readonly biases: Setting<boolean | null>;
};

/** The perceptron as a config names it. */
export const mlpModel: ModelDefinition<MlpSettings> = defineModel({
  summary: "multilayer perceptron",
  settings: {
    hidden: integers(
      [1, 65536],
      [200, 200],
      "<widths>",
      "MLP: widths of the hidden layers",
    ),
    biases: nullable(
      yesNo(true, "MLP: biases (default: on for numbers, off for tokens)"),
    ),
  },
  make: ({ input, classes }, { hidden, biases }) =>
    mlp({
      input,
      hidden,
      classes,
      biases: biases ?? input.kind === "numbers",
      // A model is generic in its tree of parameters; init and apply of one
      // model agree on it.
    }) as unknown as Model,
  describe: ({ hidden }) => `MLP ${hidden.join("–")}`,
});
