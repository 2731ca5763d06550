/**
 * A transformer's residual stream, as attention probes read it.
 *
 * @module
 */

import * as tf from "../../base/tfjs.ts";
import { layerNorm } from "../../../models/layers/norm.ts";
import { noHook } from "../../../models/model.ts";
import { type HostTensor, hostTensorOf, sizeOf } from "../../numeric/tensor.ts";
import { runTraced } from "../../onnx/runtime/compile.ts";
import type { SessionOptions } from "../../onnx/runtime/options.ts";
import { widen } from "../../trace/precision.ts";
import { atOnce } from "../context/chunks.ts";
import type { ProbeContext } from "../context/context.ts";
import { NotApplicableError } from "../context/not_applicable.ts";

/** Of sums of float32 over a few thousand terms, with room. */
export const ROUNDING = 1e-3;

/** Why parts of a network may not add up to its logits. */
export const UNNAMED = "a bias or a norm has no name (--map)";

/** What stands between the residual stream and the logits. */
export interface Unembedding {
  /** [d_model, classes]. */
  readonly W_U: HostTensor;
  /** [classes], where there is one. */
  readonly b_U: HostTensor | undefined;
  /** The LayerNorm before it, where there is one. */
  readonly norm: { readonly w: HostTensor; readonly b: HostTensor } | undefined;
  /** What the logits are multiplied with behind it: `outputScale`. */
  readonly scale: number;
}

/** How many layers of attention a model has. */
export function attentionLayers({ model }: ProbeContext): number {
  let i = 0;
  while (model.has(`blocks.${i}.attn.hook_pattern`)) i++;
  if (i > 0) return i;
  throw new NotApplicableError(
    `${model.source} has no attention: no activation is called ` +
      "blocks.0.attn.hook_pattern (--map gives a file's own names)",
  );
}

/** The z of a layer's heads: what each adds, before W_O. */
export interface Heads {
  /** [rows, position, …], the heads' vectors side by side behind. */
  readonly z: HostTensor;
  /** How many heads there are. */
  readonly count: number;
  /** The head of an element of a row, by its index among the row's. */
  of(i: number): number;
}

/**
 * The heads of a layer.
 *
 * @throws {NotApplicableError} if the shapes are not those of heads.
 */
export async function headsOf(
  context: ProbeContext,
  layer: number,
): Promise<Heads> {
  const [pattern, hook] = ["pattern", "z"].map((name) =>
    `blocks.${layer}.attn.hook_${name}`
  ) as [string, string];
  await atOnce(context, "ablation of heads");
  const [rows, count, queries, ...keys] =
    (await context.activation(pattern)).shape;
  const z = await context.activation(hook);
  const [zRows, positions, ...axes] = z.shape;
  const width = sizeOf(axes);
  if (
    keys.length !== 1 || zRows !== rows || positions !== queries ||
    width % count! !== 0 || (axes.length === 2 && axes[0] !== count)
  ) {
    throw new NotApplicableError(
      `${context.model.source} has ${hook} of shape [${z.shape}], which is not ` +
        `[rows, position, head, width] for ${pattern} of shape ` +
        `[${[rows, count, queries, ...keys]}], [rows, head, query, key]`,
    );
  }
  return {
    z,
    count: count!,
    of: (i) => Math.floor((i % width) * count! / width),
  };
}

/** The unembedding, or undefined where the model has no weight W_U. */
export function unembedding(
  { model, task }: ProbeContext,
  layers: number,
): Unembedding | undefined {
  const W_U = model.weight("W_U");
  if (!W_U) return undefined;
  const norms = ["ln_final", `blocks.${layers - 1}.ln2`];
  // Before the sum ("pre") a layer's own norms are no part of the stream.
  const name = norms.find((name, i) =>
    model.weight(`${name}.w`) && (i === 0 || !model.weight("ln_final.w"))
  );
  const w = name && model.weight(`${name}.w`);
  const norm = w && {
    w,
    b: model.weight(`${name}.b`) ??
      hostTensorOf(w.dtype, w.shape, new Float64Array(w.data.length)),
  };
  return {
    W_U,
    b_U: model.weight("b_U"),
    norm: norm || undefined,
    scale: task.config?.outputScale ?? 1,
  };
}

/**
 * The logits that vectors of the residual stream would give: through the last norm,
 * if there is one, and the unembedding.
 *
 * @param x […, d_model].
 * @param unembedding What they go through.
 * @param options Where to compute.
 * @returns Logits, [rows, classes].
 */
export async function unembedded(
  x: HostTensor,
  { W_U, b_U, norm, scale }: Unembedding,
  options: SessionOptions = {},
): Promise<HostTensor> {
  const width = x.shape.at(-1)!;
  const { logits } = await runTraced(
    ({ x, W_U, more }) => {
      const { w, b, b_U } = more as Record<string, tf.Tensor>;
      const rows = tf.reshape(x, [-1, width]);
      const normed = w && b ? layerNorm(rows, { w, b }, noHook) : rows;
      const product = tf.matMul(normed as tf.Tensor2D, W_U as tf.Tensor2D);
      const z = b_U ? tf.add(product, b_U) : product;
      return { logits: scale === 1 ? z : tf.mul(widen(z), scale) };
    },
    { x, W_U, more: { ...norm, ...(b_U && { b_U }) } },
    options,
  );
  return logits!;
}
