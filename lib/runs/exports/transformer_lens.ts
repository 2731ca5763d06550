/**
 * Checkpoints of transformers as TransformerLens's state dicts.
 *
 * @module
 */

import { maxOf } from "../../base/extremes.ts";
import { UsageError } from "../../base/errors.ts";
import { isObject } from "../../base/json.ts";
import { type HostTensor, hostTensorOf } from "../../numeric/tensor.ts";

/** A state dict, and the config of the model that it fits. */
export interface LensModel {
  /** The tensors, under the names of `HookedTransformer.state_dict()`. */
  readonly tensors: Readonly<Record<string, HostTensor>>;
  /** Arguments of `HookedTransformerConfig` and `TransformerBridgeConfig`. */
  readonly config: Readonly<Record<string, number | string | null>>;
}

const RENAMED: Readonly<Record<string, string>> = {
  W_E: "embed.W_E",
  W_pos: "pos_embed.W_pos",
  W_U: "unembed.W_U",
  b_U: "unembed.b_U",
};

// What a block of groklab's transformer has where nothing is normalised.
const OF_BLOCK = /^blocks\.(\d+)\.(attn\.W_[QKVO]|mlp\.(W|b)_(in|out))$/;

/**
 * The parameters of a transformer as a state dict that `HookedTransformer` loads:
 * what TransformerLens has and groklab's transformer lacks (biases of the
 * attention and of the unembedding) is zero there, and the causal mask is written
 * out. The logits at the last position are groklab's, to rounding.
 *
 * @param tensors The checkpoint's tensors.
 * @param own Its config, as the checkpoint has it.
 * @param path The checkpoint, for messages.
 * @throws {UsageError} if TransformerLens has no such model.
 */
export function lensModel(
  tensors: Readonly<Record<string, HostTensor>>,
  own: unknown,
  path: string,
): LensModel {
  const reason = whyNot(tensors, own);
  if (reason !== undefined) {
    throw new UsageError(
      `Cannot write ${path} under TransformerLens's names: ${reason}; its ` +
        "HookedTransformer is groklab's --model transformer with learned " +
        "positions, softmax attention and no LayerNorm",
    );
  }
  const config = configOf(tensors);
  const { dtype } = tensors["W_E"]!;
  const filled = (shape: number[], value = 0) => {
    const size = shape.reduce((product, d) => product * d, 1);
    return hostTensorOf(dtype, shape, new Float64Array(size).fill(value));
  };
  const { n_ctx: length } = config;
  // Row by row what each position sees: those up to itself.
  const mask = Array.from(
    { length: length * length },
    (_, i) => Number(i % length <= Math.floor(i / length)),
  );
  const state: Record<string, HostTensor> = {
    "unembed.b_U": filled([config.d_vocab_out]),
  };
  for (const [name, tensor] of Object.entries(tensors)) {
    state[RENAMED[name] ?? name] = tensor;
  }
  for (let i = 0; i < config.n_layers; i++) {
    const of = `blocks.${i}.attn`;
    for (const name of "QKV") {
      state[`${of}.b_${name}`] = filled([config.n_heads, config.d_head]);
    }
    state[`${of}.b_O`] = filled([config.d_model]);
    state[`${of}.mask`] = hostTensorOf("bool", [length, length], mask);
    state[`${of}.IGNORE`] = filled([], -Infinity);
  }
  return { tensors: state, config };
}

function configOf(tensors: LensModel["tensors"]) {
  const shapeOf = (name: string) => tensors[name]!.shape as number[];
  const [vocabulary, dModel] = shapeOf("W_E");
  const [heads, , dHead] = shapeOf("blocks.0.attn.W_Q");
  return {
    n_layers: 1 + maxOf(blocksOf(tensors)),
    d_model: dModel!,
    n_ctx: shapeOf("W_pos")[0]!,
    d_head: dHead!,
    n_heads: heads!,
    d_mlp: shapeOf("blocks.0.mlp.W_in")[1]!,
    d_vocab: vocabulary!,
    d_vocab_out: shapeOf("W_U")[1]!,
    act_fn: "relu",
    normalization_type: null,
    attention_dir: "causal",
  };
}

const blocksOf = (tensors: Readonly<Record<string, HostTensor>>) =>
  Object.keys(tensors).flatMap((name) => OF_BLOCK.exec(name)?.[1] ?? [])
    .map(Number);

function whyNot(
  tensors: Readonly<Record<string, HostTensor>>,
  config: unknown,
): string | undefined {
  if (!isObject(config)) return "it has no config of groklab";
  const { model, attention = "softmax", norm } = config;
  if (model !== "transformer") return `its model is ${String(model)}`;
  if (attention !== "softmax") return `its attention is ${String(attention)}`;
  if (typeof norm === "string" && norm !== "none") {
    return `it has a LayerNorm (${norm})`;
  }
  if (!tensors["W_pos"]) return "it has no positions";
  const other = Object.keys(tensors).find((name) =>
    !Object.hasOwn(RENAMED, name) && !OF_BLOCK.test(name)
  );
  if (other !== undefined) return `it has a tensor ${other}`;
  const wanted = ["W_E", "W_U", "blocks.0.attn.W_Q", "blocks.0.mlp.W_in"];
  const missing = wanted.find((name) => !tensors[name]);
  return missing === undefined ? undefined : `it has no tensor ${missing}`;
}
