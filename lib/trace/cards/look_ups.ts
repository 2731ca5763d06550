/**
 * Rows that are looked up, and sums of them by segment, in fewer operations.
 *
 * @module
 */

import { maxOf } from "../../base/extremes.ts";
import { type Graph, GraphBuilder, type Value } from "../graph.ts";
import { numbersOf } from "../operators/constants.ts";
import { gatherAlong, size } from "../operators/kernels.ts";
import { reshape } from "../operators/lowering.ts";
import { SEGMENT_SUM } from "../operators/sums.ts";
import { rewrite } from "../rewrite.ts";

/**
 * Looks rows up where they lie, not in what was cut out before; makes one sum by
 * segment of several that are laid end to end.
 *
 * @param graph A graph in which what is known of indices is constant.
 */
export function mergeLookUps(graph: Graph): Graph {
  const g = new GraphBuilder();
  return {
    inputs: graph.inputs,
    outputs: rewrite(graph, new Map(), ({ op, attributes }, operands) => {
      const { axis } = attributes as { axis: number };
      const merged = op === "Gather" && axis === 0
        ? lookedUpWhole(g, operands[0]!, operands[1]!)
        : op === "Concat"
        ? sumsEndToEnd(g, operands, axis)
        : undefined;
      return merged && [merged];
    }),
  };
}

// Part of a table of rows: where it begins in blocks of so many rows, and how many
// of these it takes. (Of a stack each replica's table is a block.)
interface Part {
  readonly whole: Value; // [rows, width]
  readonly block: number;
  readonly begin: number;
  readonly rows: number;
}

function lookedUpWhole(
  g: GraphBuilder,
  table: Value,
  ids: Value,
): Value | undefined {
  if (!ids.data || table.shape.length !== 2) return undefined;
  let [at, found] = [table, numbersOf(ids)];
  for (let part = partOf(g, at); part; part = partOf(g, at)) {
    const { block, begin, rows } = part;
    found = found.map((id) =>
      Math.floor(id / rows) * block + begin + id % rows
    );
    at = part.whole;
  }
  if (at === table) return undefined;
  const places = g.constant(
    "int64",
    ids.shape,
    BigInt64Array.from(found, BigInt),
  );
  return gatherAlong(g, at, places, 0);
}

function partOf(g: GraphBuilder, table: Value): Part | undefined {
  const shaped = table.node?.op === "Reshape" && table.name === undefined
    ? table.node.inputs[0]!
    : table;
  const { node, shape, name } = shaped;
  if (node?.op !== "Slice" || name !== undefined) return undefined;
  const [x, starts, , axes] = node.inputs as [Value, Value, Value, Value];
  const [rows, width] = table.shape as [number, number];
  // Cut along an axis before which there are only blocks, or of rows' own length.
  const cut = numbersOf(axes);
  const begins = x.shape.map((_, i) => {
    const at = cut.indexOf(i);
    return at < 0 ? 0 : numbersOf(starts)[at]!;
  });
  const last = maxOf(cut);
  const inner = size(x, last + 1);
  const blocks = size(shaped, 0) / (shape[last]! * inner);
  if (cut.some((axis) => axis !== last && shape[axis] !== 1)) return undefined;
  if (cut.length > 1 && blocks !== 1) return undefined;
  const [length, begin, kept] = [x.shape[last]!, begins[last]!, shape[last]!]
    .map((n) => n * inner / width) as [number, number, number];
  if (![length, begin, kept].every(Number.isInteger)) return undefined;
  // Blocks before the one that is cut out, where it is but one.
  const before = begins.slice(0, last)
    .reduce((all, own, i) => all * x.shape[i]! + own, 0);
  if (kept * blocks !== rows) return undefined;
  return {
    whole: reshape(g, x, [size(x, 0) / width, width]),
    block: length,
    begin: before * length + begin,
    rows: kept,
  };
}

// Sums by segment of the same rows, one behind the other.
function sumsEndToEnd(
  g: GraphBuilder,
  operands: readonly Value[],
  axis: number,
): Value | undefined {
  const parts = operands.map((operand) => {
    const between = operand.node?.op === "Reshape";
    const sum = between ? operand.node.inputs[0]! : operand;
    const { node } = sum;
    const known = node?.op === SEGMENT_SUM && node.inputs.length === 2 &&
      node.inputs[1]!.data;
    const blocks = axis === 0 ? 1 : size(operand, 0) / size(operand, axis);
    return known && node.inputs[0]!.shape.length === 2
      ? { rows: node.inputs[0]!, ids: node.inputs[1]!, blocks }
      : undefined;
  });
  const [first] = parts;
  const fits = first && axis <= 1 &&
    parts.every((part) => part?.rows === first.rows);
  if (!fits) return undefined;
  const heights = operands.map(({ shape }) => shape[axis]!);
  const height = heights.reduce((a, b) => a + b);
  const pairs = parts.flatMap((part, i) => {
    const begin = heights.slice(0, i).reduce((a, b) => a + b, 0);
    const own = heights[i]!;
    const ids = numbersOf(part!.ids).map((id) =>
      id < 0 ? id : Math.floor(id / own) * height + begin + id % own
    );
    const places = BigInt64Array.from(ids, BigInt);
    return [part!.rows, g.constant("int64", part!.ids.shape, places)];
  });
  const { blocks } = first;
  const segments = blocks * height;
  const width = first.rows.shape[1]!;
  const sum = g.emit(SEGMENT_SUM, pairs, { segments, blocks }, {
    dtype: first.rows.dtype,
    shape: [segments, width],
  });
  const { shape } = operands[0]!;
  return reshape(g, sum, shape.with(axis, height));
}
