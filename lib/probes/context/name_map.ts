/**
 * Names for the weights and activations of files that other tools wrote:
 * `--map W_E=embedding.weight,W_U=head.weight`.
 *
 * @module
 */

import { maxOf } from "../../base/extremes.ts";
import { UsageError } from "../../base/errors.ts";
import { nearest } from "../../base/nearest.ts";
import type { Aliases, WeightAlias } from "../../onnx/inspect/aliases.ts";
import type { ProbeModel } from "../../onnx/inspect/probe_model.ts";

/** How long the axes of a task's tensors are. */
export interface TaskSizes {
  /** Lengths that the first axis of an embedding may have. */
  readonly vocabulary: (length: number) => boolean;
  /** Tokens of a row; undefined where inputs are one-hot side by side. */
  readonly length: number | undefined;
  /** Width of one-hot inputs; undefined where there are tokens. */
  readonly oneHot: number | undefined;
  /** Columns of the logits. */
  readonly classes: number;
}

interface Entry {
  readonly asked: string;
  readonly tensor: string;
  readonly rows?: readonly [number, number];
  readonly transposed?: boolean;
}

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

/** A weight whose axes have a meaning: each end is a length by its symbol. */
interface Oriented {
  readonly entry: Entry;
  readonly shape: readonly [number, number];
  readonly axes: readonly [string, string];
}

// V tokens, L positions, d_model, C classes, h heads · d_head, m neurons.
function axesOf(asked: string, top: number): [string, string] | undefined {
  const fixed: Record<string, [string, string]> = {
    W_E: ["V", "d"],
    W_pos: ["L", "d"],
    W_U: ["d", "C"],
  };
  if (fixed[asked]) return fixed[asked];
  const [, i, name] = /^(?:blocks|layers)\.(\d+)\.(.+)$/.exec(asked) ?? [];
  switch (name) {
    case "attn.W_Q":
    case "attn.W_K":
    case "attn.W_V":
      return ["d", `h${i}`];
    case "attn.W_O":
      return [`h${i}`, "d"];
    case "mlp.W_in":
      return ["d", `m${i}`];
    case "mlp.W_out":
      return [`m${i}`, "d"];
    case "W":
      return [`n${i}`, Number(i) === top ? "C" : `n${Number(i) + 1}`];
  }
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
  for (const [asked, transposed] of solve(oriented, lengths)) {
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
      const open = error instanceof TurnsUnknown && !forced.has(error.asked);
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

/** A weight of which lengths do not say whether it lies transposed. */
class TurnsUnknown extends UsageError {
  readonly asked: string;

  constructor(asked: string, message: string) {
    super(message);
    this.asked = asked;
  }
}

function unknown({ asked, tensor }: Entry, model: ProbeModel): UsageError {
  const known = [...model.weightNames, ...model.activationNames];
  return new UsageError(
    `--map ${asked}=${tensor} must name a weight or an activation of ` +
      `${model.source}: ${nearest(tensor, known)} (--contents lists all)`,
  );
}

type Solution = ReadonlyMap<string, boolean>;

// Every way to turn the weights in which the lengths agree; all must say the same of
// each weight.
function solve(oriented: readonly Oriented[], sizes: TaskSizes): Solution {
  const solutions: Solution[] = [];
  const walk = (
    i: number,
    lengths: ReadonlyMap<string, number>,
    turned: Solution,
  ) => {
    const next = oriented[i];
    if (!next) return solutions.push(turned);
    const { entry, shape, axes } = next;
    for (const transposed of [false, true]) {
      if (entry.transposed !== undefined && entry.transposed !== transposed) {
        continue;
      }
      const [rows, columns] = transposed ? [shape[1], shape[0]] : shape;
      const now = new Map(lengths);
      if (
        fits(now, axes[0], rows, sizes) && fits(now, axes[1], columns, sizes)
      ) {
        walk(i + 1, now, new Map(turned).set(entry.asked, transposed));
      }
    }
  };
  walk(0, new Map(), new Map());
  const [first] = solutions;
  if (!first) {
    const found = oriented.map(({ entry, shape, axes }) =>
      `${entry.asked}=${entry.tensor} [${shape}] as [${axes}]`
    );
    throw new UsageError(
      "Cannot fit the weights of --map to the task and to each other, as they " +
        `lie or transposed: ${found.join("; ")} (V tokens, C = ` +
        `${sizes.classes} classes, d the width of the residual stream)`,
    );
  }
  for (const [asked, transposed] of first) {
    if (solutions.every((solution) => solution.get(asked) === transposed)) {
      continue;
    }
    const { entry, shape } = oriented.find(({ entry }) =>
      entry.asked === asked
    )!;
    throw new TurnsUnknown(
      asked,
      `Cannot tell whether ${asked}=${entry.tensor} of shape [${shape}] lies ` +
        `transposed: both fit; write ${asked}=${entry.tensor}:N as it stands, ` +
        `or ${entry.tensor}:T transposed`,
    );
  }
  return first;
}

function fits(
  lengths: Map<string, number>,
  axis: string,
  length: number,
  { vocabulary, length: positions, oneHot, classes }: TaskSizes,
): boolean {
  if (axis === "V" && !vocabulary(length)) return false;
  if (axis === "L" && positions !== undefined && length < positions) {
    return false;
  }
  if (axis === "C" && length !== classes) return false;
  if (axis === "n0" && oneHot !== undefined && length !== oneHot) return false;
  const known = lengths.get(axis);
  lengths.set(axis, length);
  return known === undefined || known === length;
}
