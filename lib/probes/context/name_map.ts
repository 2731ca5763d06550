/**
 * Names for the weights and activations of files that other tools wrote:
 * `--map W_E=embedding.weight,W_U=head.weight`.
 *
 * @module
 */

import { UsageError } from "../../base/errors.ts";
import { maxOf } from "../../base/extremes.ts";
import { nearest } from "../../base/nearest.ts";
import type { Aliases, WeightAlias } from "../../onnx/inspect/aliases.ts";
import type { ProbeModel } from "../../onnx/inspect/probe_model.ts";
import {
  axesOf,
  type Entry,
  type Oriented,
  type TaskSizes,
  transposedOf,
  TransposeUnknown,
} from "./orientation.ts";

// name, name[from:to], and behind either :N (as it stands) or :T (transposed)
const REFERENCE = /^(.+?)(?:\[(\d+):(\d+)\])?(?::([NT]))?$/;

// What models call their weights and activations, in docs/models.md.
const ASKED =
  /^((W|b)_(E|U|pos)|hook_\w+|ln_final\.[wb]|(blocks|layers)\.\d+\..+)$/;
const EXAMPLES = [
  ...["W_E", "W_U", "b_U", "W_pos", "hook_embed", "hook_pos_embed"],
  ...["ln_final.w", "ln_final.b", "blocks.0.ln2.w", "blocks.0.hook_resid_post"],
  ...["blocks.0.attn.W_O", "blocks.0.attn.b_O", "blocks.0.attn.hook_z"],
  ...["blocks.0.attn.hook_pattern", "blocks.0.mlp.W_out", "blocks.0.mlp.b_out"],
  ...["blocks.0.mlp.hook_post", "layers.0.W", "layers.0.hook_post"],
];

function parse(text: string): Entry[] {
  return text.split(",").map((part) => {
    const [, asked, reference] = /^([^=]+)=(.+)$/.exec(part.trim()) ?? [];
    const [, tensor, from, to, force] = REFERENCE.exec(reference ?? "") ?? [];
    if (!asked || !tensor) {
      throw new UsageError(
        "--map must be name=name,name=name, the file's names on the right, as " +
          `in W_E=embedding.weight, got ${part}`,
      );
    }
    if (!ASKED.test(asked)) {
      throw new UsageError(
        `--map ${asked}=${reference} must begin with a name that probes know, ` +
          `got ${asked}: ${nearest(asked, EXAMPLES)}`,
      );
    }
    return {
      asked,
      tensor,
      ...(from !== undefined && { rows: [Number(from), Number(to)] }),
      ...(force !== undefined && { transposed: force === "T" }),
    } as Entry;
  });
}

/**
 * The names that a map gives a file's weights and activations.
 *
 * A weight of two axes is taken as it lies or transposed, whichever fits: vocabulary,
 * positions and classes have known lengths, and the widths between must agree. Of
 * perceptrons' layers the last that the map names ends in the classes.
 *
 * @param text `name=name,name=name`; behind a name on the right `[from:to]` takes
 * some rows, and `:N` or `:T` says that it lies as it is asked for, or transposed.
 * @param model The file.
 * @param sizes The lengths that the task gives.
 * @throws {UsageError} if the file has no such name, nothing fits, or both ways do.
 */
export function aliasesOf(
  text: string,
  model: ProbeModel,
  sizes: TaskSizes,
): Aliases {
  const entries = parse(text);
  const weights: Record<string, WeightAlias> = {};
  const activations: Record<string, string> = {};
  const layers = entries.map(({ asked }) =>
    /^layers\.(\d+)\.W$/.exec(asked)?.[1]
  )
    .filter((i) => i !== undefined).map(Number);
  const oriented: Oriented[] = [];
  for (const entry of entries) {
    const { asked, tensor, rows, transposed } = entry;
    const weight = model.weight(tensor);
    if (!weight) {
      if (!model.has(tensor)) throw unknown(entry, model);
      activations[asked] = tensor;
      continue;
    }
    const [from, to] = rows ?? [0, weight.shape[0] ?? 1];
    if (from >= to || to > (weight.shape[0] ?? 1)) {
      throw new UsageError(
        `--map ${asked}=${tensor}[${from}:${to}] must take rows out of ` +
          `0:${
            weight.shape[0] ?? 1
          }, the weight's shape being [${weight.shape}]`,
      );
    }
    weights[asked] = {
      tensor,
      ...(rows && { rows }),
      transposed: transposed ?? false,
    };
    const axes = axesOf(asked, maxOf(layers));
    if (!axes || weight.shape.length !== 2) continue;
    oriented.push({ entry, shape: [to - from, weight.shape[1]!], axes });
  }
  // Behind an embedding layers do not read one-hot vectors any more.
  const embedded = oriented.some(({ entry }) => entry.asked === "W_E");
  const lengths = embedded ? { ...sizes, oneHot: undefined } : sizes;
  for (const [asked, transposed] of transposedOf(oriented, lengths)) {
    weights[asked] = { ...weights[asked]!, transposed };
  }
  return { weights, activations };
}

/** What a map could say of a weight or an activation. */
export interface Proposal {
  /** The name that probes know. */
  readonly asked: string;
  /** The name in the file. */
  readonly tensor: string;
  /** Of a matrix, whether it lies transposed. */
  readonly transposed?: boolean;
}

/**
 * A map as `--map` takes it. Which way round a weight lies is written where lengths
 * leave it open.
 *
 * @param proposals What it says.
 * @param model The file.
 * @param sizes The lengths that the task gives.
 */
export function mapText(
  proposals: readonly Proposal[],
  model: ProbeModel,
  sizes: TaskSizes,
): string {
  // A comma ends an entry: what has one in its name cannot be written.
  let left = proposals.filter(({ tensor }) => !tensor.includes(","));
  const forced = new Set<string>();
  let alone = false;
  const text = () =>
    left.map(({ asked, tensor, transposed }) =>
      `${asked}=${tensor}${forced.has(asked) ? (transposed ? ":T" : ":N") : ""}`
    ).join(",");
  while (left.length > 0) {
    try {
      const { weights } = aliasesOf(text(), model, sizes);
      const wrong = left.find(({ asked, transposed }) =>
        transposed !== undefined && weights[asked]?.transposed !== transposed
      );
      if (!wrong) break;
      forced.add(wrong.asked);
    } catch (error) {
      const open = error instanceof TransposeUnknown &&
        !forced.has(error.asked);
      if (open) forced.add(error.asked);
      // Other lengths than the task's: without the embedding the rest may fit, or
      // the embedding without the rest.
      else if (left[0]!.asked === "W_E" && !alone) left = left.slice(1);
      else if (!alone && proposals[0]!.asked === "W_E") {
        alone = true;
        left = proposals.slice(0, 1);
      } else left = [];
    }
  }
  return text();
}

function unknown({ asked, tensor }: Entry, model: ProbeModel): UsageError {
  const known = [...model.weightNames, ...model.activationNames];
  return new UsageError(
    `--map ${asked}=${tensor} must name a weight or an activation of ` +
      `${model.source}: ${nearest(tensor, known)} (--contents lists all)`,
  );
}
