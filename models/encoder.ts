/**
 * The transformer of the paper's published code.
 *
 * @module
 */

import { integer, type Setting } from "../lib/settings/setting.ts";
import { defineModel, type ModelDefinition } from "./definition.ts";
import {
  attentionProblem,
  idleInResidual,
  type ResidualSettings,
  residualSettings,
  residualSizes,
  tokensOf,
} from "./settings.ts";
import { transformer } from "./transformer.ts";

// nn.TransformerEncoderLayer's.
const DROPOUT = 0.1;

/** What the encoder reads. */
export type EncoderSettings = ResidualSettings & {
  readonly dFf: Setting<number>;
};

/**
 * The encoder as a config names it: nn.Embedding, nn.TransformerEncoderLayer
 * (biases everywhere, post-LayerNorm, no mask) without a norm behind the last, and
 * nn.Linear at the last position. It has no positions.
 *
 * Source: the code published with Prieto et al. (arXiv 2501.04697); Vaswani et al.
 * (arXiv 1706.03762), Section 3.
 */
export const encoderModel: ModelDefinition<EncoderSettings> = defineModel({
  summary: "PyTorch's encoder layer, as in the paper's code",
  settings: {
    ...residualSettings,
    dFf: integer(
      [1, 65536],
      2048,
      "<n>",
      "encoder: width of the feed-forward network",
    ),
  },
  check: attentionProblem,
  idle: idleInResidual,
  projections: "joint", // in_proj_weight, in_proj_bias
  draws: ({ dropout }) => (dropout ?? DROPOUT) > 0,
  refuses: ({ input }) => input.kind === "tokens" ? undefined : "reads tokens",
  make({ input, classes }, config) {
    const { dFf, norm, positions, dropout, init } = config;
    const { vocabulary, length } = tokensOf(input);
    return transformer({
      ...residualSizes(config),
      vocabulary,
      length,
      classes,
      causal: false,
      attentionBiases: true,
      unembeddingBias: true,
      dMlp: dFf,
      norm: norm ?? "post",
      positions: positions ?? "none",
      dropout: dropout ?? DROPOUT,
      init: init ?? "pytorch",
    });
  },
  describe: ({ layers }) =>
    layers === 1 ? "encoder" : `encoder of ${layers} layers`,
});
