/**
 * Which way round the weights of another tool's file lie: the lengths of their axes
 * must fit the task and each other.
 *
 * @module
 */

import { UsageError } from "../../base/errors.ts";

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

/** One `name=name` of a map. */
export interface Entry {
  readonly asked: string;
  readonly tensor: string;
  readonly rows?: readonly [number, number];
  readonly transposed?: boolean;
}

/** A weight whose axes have a meaning: each end is a length by its symbol. */
export interface Oriented {
  readonly entry: Entry;
  readonly shape: readonly [number, number];
  readonly axes: readonly [string, string];
}

/**
 * The lengths of a weight's axes, by their symbols: V tokens, L positions, d_model,
 * C classes, h heads · d_head, m neurons. Undefined where they have no meaning.
 *
 * @param asked The weight's name.
 * @param top The last of the perceptrons' layers.
 */
export function axesOf(
  asked: string,
  top: number,
): [string, string] | undefined {
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

/** A weight of which lengths do not say whether it lies transposed. */
export class TransposeUnknown extends UsageError {
  readonly asked: string;

  constructor(asked: string, message: string) {
    super(message);
    this.asked = asked;
  }
}

type Solution = ReadonlyMap<string, boolean>;

/**
 * Which weights lie transposed: of every way to turn them in which the lengths
 * agree, what all say of each weight.
 *
 * @throws {UsageError} if no way fits.
 * @throws {TransposeUnknown} if several do that say different things of a weight.
 */
export function transposedOf(
  oriented: readonly Oriented[],
  sizes: TaskSizes,
): Solution {
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
    throw new TransposeUnknown(
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
