/**
 * The paper's multilayer perceptron.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs-core";
import { castLike } from "../lib/trace/precision.ts";
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
   * Its input: pairs of tokens, two-hot encoded over a modulus p (width 2p), or
   * `bits` numbers.
   */
  readonly inputs: { readonly modulus: number } | { readonly bits: number };
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
  { inputs, hidden, classes, biases }: MlpOptions,
): Model<MlpParams> {
  const p = "modulus" in inputs ? inputs.modulus : undefined;
  const fanIn = "modulus" in inputs ? 2 * inputs.modulus : inputs.bits;
  const widths = [fanIn, ...hidden, classes];
  const last = widths.length - 2;

  return {
    input: p === undefined ? "bits" : "tokens",
    row: p === undefined
      ? { dtype: "float32", shape: [fanIn] }
      : { dtype: "int64", shape: [2] },
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
        const product = i === 0 && p !== undefined
          ? twoHot(x as tf.Tensor2D, W as tf.Tensor2D, p)
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
      // Bits come as float32 whatever the model's precision.
      const { W } = layers[0]!;
      return layer((p === undefined ? castLike(x, W) : x) as tf.Tensor2D, 0);
    },
  };
}

// concat(onehot(a), onehot(b)) · W is row a of W's upper half plus row b of its
// lower half.
function twoHot(
  tokens: tf.Tensor2D,
  W: tf.Tensor2D,
  p: number,
): tf.Tensor2D {
  const token = (i: number) =>
    tf.reshape(tf.slice(tokens, [0, i], [-1, 1]), [-1]) as tf.Tensor1D;
  const half = (i: number) => tf.slice(W, [i * p, 0], [p, -1]);
  return tf.add(embed(half(0), token(0)), embed(half(1), token(1)));
}
