/**
 * Operators for which ONNX Runtime copies tables to the card whenever they run, and
 * what is written instead: the same numbers to the last bit. In every form of a card
 * some are, where that is fewer operations ({@link picked}, {@link endToEnd}); in a
 * step that is recorded all, as far as is known how ({@link withoutUploads}), since
 * there the place that a table had in the host's memory would be read again, when
 * it is something else.
 *
 * @module
 */

import { maxOf } from "../../base/extremes.ts";
import { sizeOf, toNumbers, toTyped } from "../../numeric/tensor.ts";
import {
  type Graph,
  GraphBuilder,
  isFloat,
  type Node,
  type Spec,
  type Value,
} from "../graph.ts";
import { gatherAlong } from "../operators/kernels.ts";
import { like, reshape } from "../operators/lowering.ts";
import { rewrite } from "../rewrite.ts";

/** What is written instead of a node; undefined where it stays. */
export type Replacing = (
  g: GraphBuilder,
  node: Node,
  operands: readonly Value[],
) => Value | undefined;

/** An element of each row whose number is known, by its number among all. */
export const picked: Replacing = (g, { attributes, outputs }, operands) => {
  const [x, at] = operands as [Value, Value];
  const fits = at.data && attributes["batch_dims"] === x.shape.length - 1 &&
    at.shape.length === x.shape.length && at.shape.at(-1) === 1;
  if (!fits) return undefined;
  const width = x.shape.at(-1)!;
  const places = Array.from(at.data as Int32Array, Number)
    .map((column, row) => row * width + column);
  const found = gatherAlong(
    g,
    reshape(g, x, [sizeOf(x.shape)]),
    g.constant("int64", at.shape.slice(0, -1), toTyped("int64", places)),
    0,
  );
  return reshape(g, found, outputs[0]!.shape);
};

// More parts than these are laid end to end all the same.
const PARTS = 4;

/**
 * A few parts of unequal lengths, for a Concat of which ONNX Runtime copies four
 * tables to the card: the first is filled up, the others are put in.
 */
export const endToEnd: Replacing = (g, { attributes, outputs }, operands) => {
  const axis = attributes["axis"] as number;
  const lengths = operands.map(({ shape }) => shape[axis]!);
  const [first] = operands as [Value];
  const [result] = outputs as [Value];
  const fits = isFloat(first) && operands.length <= PARTS &&
    lengths.some((length) => length !== lengths[0]) &&
    sizeOf(result.shape.slice(0, axis)) === 1;
  if (!fits) return undefined;
  const rest = result.shape.slice(axis + 1);
  const rows = (x: Value) => reshape(g, x, [x.shape[axis]!, sizeOf(rest)]);
  const length = result.shape[axis]!;
  const { dtype } = first;
  let end = lengths[0]!;
  const pads = [0, 0, length - end, 0];
  let whole = g.emit(
    "Pad",
    [rows(first), g.ints(pads), like(g, first, 0)],
    {},
    {
      dtype,
      shape: [length, sizeOf(rest)],
    },
  );
  for (const part of operands.slice(1)) {
    const count = part.shape[axis]!;
    const places = Array.from({ length: count }, (_, i) => end + i);
    const at = g.constant("int64", [count, 1], toTyped("int64", places));
    whole = g.emit("ScatterND", [whole, at, rows(part)], {}, whole);
    end += count;
  }
  return reshape(g, whole, result.shape);
};

/** A graph of the same function and names, without them as far as is known how. */
export function withoutUploads({ inputs, outputs }: Graph): Graph {
  const g = new GraphBuilder();
  const replace = (node: Node, operands: readonly Value[]) => {
    const made = ALL[node.op]?.(g, node, operands);
    return made && [made];
  };
  return { inputs, outputs: rewrite({ outputs }, new Map(), replace) };
}

// Parts that are padded to one length are put together by their number, not by a
// table of lengths; what was padded is left out by the indices.
const inEqualParts: Replacing = (
  g,
  { attributes, outputs: [result] },
  parts,
) => {
  const axis = attributes["axis"] as number;
  const lengths = parts.map(({ shape }) => shape.at(axis)!);
  const most = maxOf(lengths);
  if (lengths.every((length) => length === most)) return undefined;
  if (!isFloat(result!)) return undefined; // A card has no Pad of integers.
  const rank = result!.shape.length;
  const at = axis < 0 ? axis + rank : axis;
  const spec = (x: Value, length: number): Spec => ({
    dtype: x.dtype,
    shape: x.shape.with(at, length),
  });
  const equal = parts.map((x, i) => {
    const lacking = most - lengths[i]!;
    if (lacking === 0) return x;
    const pads = Array(2 * rank).fill(0).with(rank + at, lacking);
    return g.emit("Pad", [x, g.ints(pads)], {}, spec(x, most));
  });
  const all = g.emit(
    "Concat",
    equal,
    { axis: at },
    spec(result!, most * parts.length),
  );
  const kept = lengths.flatMap((length, i) =>
    Array.from({ length }, (_, j) => i * most + j)
  );
  return g.emit("Gather", [all, g.ints(kept)], { axis: at }, result!);
};

// The element of each row that a number of its own names.
const oneOfEachRow: Replacing = (
  g,
  { attributes, outputs: [result] },
  [x, points],
) => {
  const batch = attributes["batch_dims"] ?? 0;
  const column = [...x!.shape.slice(0, -1), 1];
  const each = batch === x!.shape.length - 1 &&
    points!.shape.join() === column.join();
  if (!each) return undefined;
  const { dtype } = x!;
  const made = g.emit(
    "GatherElements",
    [x!, points!],
    { axis: column.length - 1 },
    { dtype, shape: column },
  );
  return reshape(g, made, result!.shape);
};

// Indices into what was gathered by indices.
const gatheredOnce: Replacing = (
  g,
  { attributes, outputs: [result] },
  [x, indices],
) => {
  const inner = x!.node;
  const [from, first] = inner?.inputs ?? [];
  // Several axes of the first indices, or none, leave others for the second.
  const same = inner?.op === "Gather" && first?.shape.length === 1 &&
    inner.attributes["axis"] === (attributes["axis"] ?? 0);
  if (!same || !first?.data || !indices!.data) return undefined;
  const known = toNumbers({ data: first.data });
  const composed = Array.from(
    toNumbers({ data: indices!.data }),
    (i) => known.at(i)!,
  );
  const at = g.constant("int64", indices!.shape, toTyped("int64", composed));
  return g.emit("Gather", [from!, at], attributes, result!);
};

const ALL: Readonly<Record<string, Replacing>> = {
  Concat: inEqualParts,
  GatherND: oneOfEachRow,
  Gather: gatheredOnce,
};
