/**
 * Transformers, under TransformerLens's names; as a config names it, Nanda's.
 *
 * @module
 */

import * as tf from "../lib/base/tfjs.ts";
import {
  checkOptions,
  type Checks,
  flag,
  number,
  oneOf,
  whole,
} from "../lib/base/options.ts";
import { integer, type Setting } from "../lib/settings/setting.ts";
import { isTracing, wantsFewOperations } from "../lib/trace/backend.ts";
import { initCheck } from "./checks.ts";
import { defineModel, type ModelDefinition } from "./definition.ts";
import {
  initialiser,
  type InitName,
  type Parameters,
  shapesOf,
} from "./init.ts";
import {
  block,
  type BlockOptions,
  blockParameters,
  type BlockParams,
  type Drop,
} from "./layers/block.ts";
import { dropout } from "./layers/dropout.ts";
import { layerNorm, normParameters, type NormParams } from "./layers/norm.ts";
import { tableOfVectors, tokenVectors } from "./layers/token_vectors.ts";
import { computed, linear } from "./layers/vectors.ts";
import { type Model, noHook, within } from "./model.ts";
import {
  attentionProblem,
  idleInResidual,
  type ResidualSettings,
  residualSettings,
  residualSizes,
  tokensOf,
} from "./settings.ts";

/** The parameters, under TransformerLens's names. */
export type TransformerParams<Leaf = tf.Tensor> = {
  /** [vocabulary, d_model] */
  readonly W_E: Leaf;
  /** [length, d_model] */
  readonly W_pos?: Leaf;
  readonly blocks: { readonly [index: string]: BlockParams<Leaf> };
  readonly ln_final?: NormParams<Leaf>;
  /** [d_model, classes] */
  readonly W_U: Leaf;
  /** [classes] */
  readonly b_U?: Leaf;
};

/** The sizes and the kind of a transformer. */
export interface TransformerOptions extends Partial<BlockOptions> {
  /** Tokens are 0..vocabulary−1. */
  readonly vocabulary: number;
  /** Tokens of a row. */
  readonly length: number;
  /** How many logits. */
  readonly classes: number;
  /** Width of the residual stream. */
  readonly dModel: number;
  /** Attention heads, each of dModel/heads. */
  readonly heads: number;
  /** Width of the MLP. */
  readonly dMlp: number;
  /** How many layers; by default 1. */
  readonly layers?: number;
  /** Whether positions have vectors of their own; by default learned ones. */
  readonly positions?: "learned" | "none";
  /** Whether a LayerNorm stands before the unembedding; by default not. */
  readonly finalNorm?: boolean;
  /** Whether the unembedding has a bias; by default not. */
  readonly unembeddingBias?: boolean;
  /**
   * The token that every row ends with, if that is always the same: compiled without
   * hooks, attention then computes less. Logits of rows that end otherwise are wrong.
   */
  readonly lastToken?: number;
  /** The share of activations that dropout takes out in training; by default 0. */
  readonly dropout?: number;
  /** What the parameters start as; by default Nanda's. */
  readonly init?: InitName;
  /** What all initial parameters are multiplied with; by default 1. */
  readonly initScale?: number;
}

const TRANSFORMER: Checks<TransformerOptions> = {
  vocabulary: whole(1),
  length: whole(1),
  classes: whole(1),
  dModel: whole(1),
  heads: whole(1),
  dMlp: whole(1),
  layers: whole(0),
  positions: oneOf(["learned", "none"]),
  finalNorm: flag,
  unembeddingBias: flag,
  lastToken: whole(0),
  dropout: number,
  init: initCheck,
  initScale: number,
  causal: flag,
  attention: oneOf(["softmax", "stablemax"]),
  norm: oneOf(["none", "pre", "post"]),
  qkNorm: flag,
  attentionBiases: flag,
};

// What has no default.
const SIZES = [
  ...["vocabulary", "length", "classes", "dModel", "heads", "dMlp"] as const,
];

// Long: the forward pass reads from end to end.
/**
 * Layers of attention and a ReLU MLP on a residual stream; the logits are read at
 * the last position. What the options leave out is Nanda's: one causal layer,
 * learned positions, no LayerNorm, biases only in the MLP.
 *
 * Hooks: TransformerLens's. `hook_embed`, [batch, pos, d_model]; `hook_pos_embed`,
 * [pos, d_model]; in each layer those of {@link block}.
 *
 * Source: Nanda et al. (arXiv 2301.05217), Section 3.
 *
 * @param options Sizes and kind.
 * @throws {UsageError} if an option is unknown, missing, or not what it must be.
 * @throws {RangeError} if the heads do not divide d_model, or queries and keys of
 * one number each are to be normalised.
 */
export function transformer(
  options: TransformerOptions,
): Model<TransformerParams> {
  checkOptions("transformer()", options, TRANSFORMER, SIZES);
  const { vocabulary, length, dModel, heads } = options;
  if (options.qkNorm && dModel === heads) {
    throw new RangeError(
      `Cannot normalise queries and keys of ${heads} heads of d_model ${dModel}: ` +
        "a LayerNorm of one number is always 0, d_head must be 2 or more",
    );
  }
  if (dModel % heads !== 0) {
    throw new RangeError(
      `Cannot share d_model ${dModel} among ${heads} heads: ` +
        "heads must divide d_model",
    );
  }
  const { layers = 1, dropout: rate = 0, init = "nanda", initScale } = options;
  const kind: BlockOptions = {
    causal: true,
    attention: "softmax",
    norm: "none",
    attentionBiases: false,
    ...options,
  };
  const parameters = transformerParameters(options, kind);

  return {
    input: "tokens",
    row: { dtype: "int64", shape: [length] },
    widest: Math.max(options.classes, length * Math.max(dModel, options.dMlp)),
    shapes: shapesOf(parameters),
    init: initialiser(parameters, init, initScale),

    apply(params, tokens, hook, mode) {
      const { W_pos, blocks, ln_final, W_U, b_U } = params;
      const marked = hook !== noHook;
      const shape = { batch: tokens.shape[0]!, length, marked };

      const kinds = W_pos ? vocabulary * length : vocabulary;
      const few = kinds < shape.batch * length;
      let rows = isTracing() && !marked && few
        ? tableOfVectors(
          params,
          tokens,
          wantsFewOperations() ? undefined : options.lastToken,
        )
        : tokenVectors(params, tokens, shape, hook);
      for (let i = 0; i < layers; i++) {
        const path = `blocks.${i}`;
        const drop: Drop = (name, x) =>
          dropout(x, rate, `${path}.${name}`, mode);
        // Where nobody looks the last layer computes the last position alone.
        const seen = !marked && i === layers - 1 ? 1 : length;
        rows = computed(
          block(
            rows,
            blocks[i]!,
            kind,
            seen,
            within(hook, path),
            drop,
          ),
          { ...shape, length: seen },
        );
      }
      const final = tf.reshape(
        (ln_final
          ? rows.map((x) => layerNorm(x, ln_final, within(hook, "ln_final")))
          : rows).last(1),
        [shape.batch, dModel],
      );
      return linear(final, W_U, b_U) as tf.Tensor2D;
    },
  };
}

function transformerParameters(
  { vocabulary, length, classes, layers = 1, ...options }: TransformerOptions,
  kind: BlockOptions,
): Parameters {
  const { positions = "learned", finalNorm, unembeddingBias } = options;
  const { dModel } = options;
  const table = (rows: number) =>
    ({
      kind: "embedding",
      shape: [rows, dModel],
      fanIn: dModel,
      fanOut: rows,
      nandaWidth: dModel,
    }) as const;
  const out = { fanIn: dModel, fanOut: classes, nandaWidth: vocabulary };
  const blocks = Array.from(
    { length: layers },
    (_, i) => blockParameters(`blocks.${i}`, kind),
  );
  return {
    W_E: table(vocabulary),
    ...positions === "learned" && { W_pos: table(length) },
    ...Object.assign({}, ...blocks),
    ...finalNorm && normParameters("ln_final", dModel),
    W_U: { ...out, kind: "weight", shape: [dModel, classes] },
    ...unembeddingBias && { b_U: { ...out, kind: "bias", shape: [classes] } },
  };
}

/** What Nanda's transformer reads. */
export type TransformerSettings = ResidualSettings & {
  readonly dMlp: Setting<number>;
};

/** Nanda's transformer as a config names it. */
export const transformerModel: ModelDefinition<TransformerSettings> =
  defineModel({
    summary: 'Nanda\'s transformer: causal, read at "="',
    settings: {
      ...residualSettings,
      dMlp: integer([1, 65536], 512, "<n>", "transformer: width of the MLP"),
    },
    check: attentionProblem,
    idle: idleInResidual,
    draws: ({ dropout }) => (dropout ?? 0) > 0,
    refuses: ({ input }) =>
      input.kind === "tokens" ? undefined : "reads tokens",
    // "=" is the token after the task's.
    read: (row, { input }) =>
      input.kind === "tokens" ? [...row, input.vocabulary] : row,
    make({ input, classes }, config) {
      const { vocabulary, length } = tokensOf(input);
      const { norm, positions, dropout, init, dMlp } = config;
      return transformer({
        ...residualSizes(config),
        dMlp,
        vocabulary: vocabulary + 1,
        length: length + 1,
        lastToken: vocabulary,
        classes,
        norm: norm ?? "none",
        finalNorm: norm === "pre",
        positions: positions ?? "learned",
        dropout: dropout ?? 0,
        init: init ?? "nanda",
      });
    },
    describe: ({ layers }) =>
      layers === 1 ? "transformer" : `transformer of ${layers} layers`,
  });
