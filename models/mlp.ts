/**
 * The paper's multilayer perceptron.
 *
 * @module
 */

import * as tf from "../lib/base/tfjs.ts";
import { maxOf } from "../lib/base/extremes.ts";
import {
  checkOptions,
  type Checks,
  flag,
  number,
  oneOf,
  orNull,
  whole,
  wholes,
} from "../lib/base/options.ts";
import { treeOf } from "../lib/base/tree.ts";
import type { Input } from "../lib/data/definition.ts";
import {
  integer,
  integers,
  nullable,
  type Setting,
  yesNo,
} from "../lib/settings/setting.ts";
import { castLike } from "../lib/trace/precision.ts";
import { initCheck, inputCheck } from "./checks.ts";
import { defineModel, type ModelDefinition } from "./definition.ts";
import {
  initialiser,
  type InitName,
  type Parameters,
  shapesOf,
} from "./init.ts";
import {
  activated,
  type Activation,
  activation,
  activations,
} from "./layers/activation.ts";
import {
  batchNorm,
  batchNormBuffers,
  type BatchNormParams,
} from "./layers/batch_norm.ts";
import { dropout, dropoutRate } from "./layers/dropout.ts";
import { normParameters } from "./layers/norm.ts";
import { productOfTokens } from "./layers/one_hot.ts";
import type { Model } from "./model.ts";
import { type InitSettings, initSettings } from "./settings.ts";
import type { Mode } from "./training_mode.ts";

/**
 * The parameters of one layer: W is [in, out], b (where there are any) [out]; of
 * a hidden layer with batch normalisation its parameters and buffers.
 */
export type Layer<Leaf> = {
  readonly W: Leaf;
  readonly b?: Leaf;
  readonly bn?: BatchNormParams<Leaf>;
};

/** The parameters: W_E, where tokens are embedded; `layers.0.W`, `layers.0.b`, … */
export type MlpParams<Leaf = tf.Tensor> = {
  /** [vocabulary, embedding], one for all positions. */
  readonly W_E?: Leaf;
  readonly layers: { readonly [index: string]: Layer<Leaf> };
};

/** The sizes of a perceptron. */
export interface MlpOptions {
  /**
   * Its input: tokens, each one-hot encoded over the vocabulary, side by side
   * (of two tokens modulo p: width 2p), or numbers.
   */
  readonly input: Input;
  /**
   * Width of the learned vectors that tokens are looked up in, side by side; by
   * default tokens are one-hot.
   */
  readonly embedding?: number | null;
  /** Widths of the hidden layers; of a linear model none. */
  readonly hidden: readonly number[];
  /** How many logits. */
  readonly classes: number;
  /** Whether every layer adds a bias. */
  readonly biases: boolean;
  /** What follows each hidden layer's product: relu by default. */
  readonly activation?: Activation;
  /** Whether hidden layers are normalised over the batch; by default not. */
  readonly batchNorm?: boolean;
  /** Share of the hidden activations dropped in training, 0 by default. */
  readonly dropout?: number | null;
  /** What the parameters start as; by default PyTorch's. */
  readonly init?: InitName;
  /** What all initial parameters are multiplied with; by default 1. */
  readonly initScale?: number;
}

const MLP: Checks<MlpOptions> = {
  input: inputCheck,
  embedding: orNull(whole(1)),
  hidden: wholes(1),
  classes: whole(1),
  biases: flag,
  activation: oneOf(activations),
  batchNorm: flag,
  dropout: orNull(number),
  init: initCheck,
  initScale: number,
};

// Numbers that one activation may have to stay in a processor's cache.
const CACHED = 2 ** 19;

/**
 * ReLU layers and a linear one: x ↦ W₂ᵀ relu(W₁ᵀ relu(W₀ᵀ x)), with biases if
 * wanted. Batch normalisation stands between a hidden layer's product and its
 * ReLU, dropout behind the ReLU. With the identity in place of the ReLU it is a deep
 * linear network. The parameters start as PyTorch's: W and b from U(±1/√fan_in), W_E
 * from N(0, 1).
 *
 * Hooks: `layers.i.hook_pre` and `layers.i.hook_post`, [batch, width], before
 * and after the ReLU of each hidden layer; `hook_embed`, [batch, pos, embedding].
 *
 * Source: Prieto et al. (arXiv 2501.04697), Section 3; two hidden layers of 200.
 *
 * @param options Input, widths, classes, biases.
 * @throws {UsageError} if an option is unknown, missing, or not what it must be.
 */
export function mlp(options: MlpOptions): Model<MlpParams> {
  const needed = ["input", "hidden", "classes", "biases"] as const;
  checkOptions("mlp()", options, MLP, needed);
  const { input, hidden, init = "pytorch", initScale } = options;
  const rate = options.dropout ?? 0;
  const tokens = input.kind === "tokens";
  const last = hidden.length;
  const parameters = mlpParameters(options);

  return {
    input: tokens ? "tokens" : input.name,
    row: tokens
      ? { dtype: "int64", shape: [input.length] }
      : { dtype: "float32", shape: [input.width] },
    widest: maxOf([options.classes, ...hidden]),
    rowsAtOnce: Math.ceil(CACHED / maxOf([1, ...hidden])),
    shapes: shapesOf(parameters),
    init: initialiser(parameters, init, initScale),
    ...(options.batchNorm && {
      leastRows: 2,
      buffers: (dtype) =>
        treeOf(
          hidden.flatMap((width, i) =>
            batchNormBuffers(`layers.${i}.bn`, width, dtype)
          ),
        ),
    }),

    apply({ W_E, layers }, x, hook, mode?: Mode) {
      const layer = (h: tf.Tensor2D, i: number): tf.Tensor2D => {
        const { W, b, bn } = layers[i]!;
        const product = i === 0 && tokens
          ? productOfTokens(
            h,
            W as tf.Tensor2D,
            W_E as tf.Tensor2D | undefined,
            hook,
          )
          : tf.matMul(h, W as tf.Tensor2D);
        const linear = (b ? tf.add(product, b) : product) as tf.Tensor2D;
        if (i === last) return linear;
        const pre = hook(
          `layers.${i}.hook_pre`, // [batch, width]
          bn ? batchNorm(linear, bn, `layers.${i}.bn`, mode) : linear,
        );
        const name = `layers.${i}.hook_post`;
        const post = hook(name, activated(pre, options.activation)); // [batch, width]
        return layer(dropout(post, rate, name, mode), i + 1);
      };
      // Numbers come as float32 whatever the model's precision.
      const { W } = layers[0]!;
      return layer((tokens ? x : castLike(x, W)) as tf.Tensor2D, 0);
    },
  };
}

function mlpParameters(
  { input, embedding, hidden, classes, biases, batchNorm }: MlpOptions,
): Parameters {
  const parameters: Record<string, Parameters[string]> = {};
  let fanIn = input.kind === "tokens"
    ? input.length * (embedding ?? input.vocabulary)
    : input.width;
  if (input.kind === "tokens" && embedding) {
    const { vocabulary } = input;
    parameters["W_E"] = {
      kind: "embedding",
      shape: [vocabulary, embedding],
      fanIn: embedding,
      fanOut: vocabulary,
    };
  }
  for (const [i, fanOut] of [...hidden, classes].entries()) {
    const fan = { fanIn, fanOut };
    const path = `layers.${i}`;
    parameters[`${path}.W`] = {
      kind: "weight",
      shape: [fanIn, fanOut],
      ...fan,
    };
    if (biases) {
      parameters[`${path}.b`] = { kind: "bias", shape: [fanOut], ...fan };
    }
    if (batchNorm && i < hidden.length) {
      Object.assign(parameters, normParameters(`${path}.bn`, fanOut));
    }
    fanIn = fanOut;
  }
  return parameters;
}

/** The perceptron's settings. */
export type MlpSettings = InitSettings & {
  readonly embedding: Setting<number | null>;
  readonly hidden: Setting<readonly number[]>;
  readonly biases: Setting<boolean | null>;
  readonly activation: Setting<Activation | undefined>;
  readonly batchNorm: Setting<boolean>;
  readonly dropout: Setting<number | null>;
};

/** The perceptron as a config names it. */
export const mlpModel: ModelDefinition<MlpSettings> = defineModel({
  summary: "multilayer perceptron",
  settings: {
    embedding: nullable(integer(
      [1, 65536],
      1,
      "<n>",
      "MLP: width of learned embeddings of tokens (default: one-hot)",
    )),
    hidden: integers(
      [1, 65536],
      [200, 200],
      "<widths>",
      "MLP: widths of the hidden layers; none for a linear model",
      0,
    ),
    biases: nullable(
      yesNo(true, "MLP: biases (default: on for numbers, off for tokens)"),
    ),
    activation,
    batchNorm: yesNo(
      false,
      "MLP: batch normalisation before each ReLU",
    ),
    dropout: dropoutRate,
    ...initSettings,
  },
  check({ init, hidden, batchNorm }) {
    if (init === "nanda") {
      return "--init must be another than nanda with --model mlp, which has " +
        "no d_model to scale by, got nanda";
    }
    return batchNorm && hidden.length === 0
      ? "--batch-norm normalises hidden layers, got --hidden none: name their " +
        "widths"
      : undefined;
  },
  idle: ({ hidden }) => hidden.length === 0 ? ["activation", "dropout"] : [],
  draws: ({ hidden, dropout }) => hidden.length > 0 && (dropout ?? 0) > 0,
  refuses: ({ input }, { embedding }) =>
    input.kind === "numbers" && embedding !== null
      ? `with --embedding ${embedding} reads tokens`
      : undefined,
  make: (
    { input, classes },
    { embedding, hidden, biases, activation = "relu", ...rest },
  ) =>
    mlp({
      input,
      embedding,
      hidden,
      classes,
      activation,
      batchNorm: rest.batchNorm,
      dropout: rest.dropout,
      initScale: rest.initScale,
      init: rest.init ?? "pytorch",
      biases: biases ?? input.kind === "numbers",
    }),
  describe: ({ hidden, activation }) =>
    hidden.length === 0
      ? "linear model"
      : activation === "identity"
      ? `linear MLP ${hidden.join("–")}`
      : `MLP ${hidden.join("–")}`,
});
