/**
 * Sums of rows by segment as products: the rows of each are gathered side by side,
 * and multiplied with a row of ones.
 *
 * @module
 */

import { append } from "../../base/extremes.ts";
import { toTyped } from "../../numeric/tensor.ts";
import type { GraphBuilder, Value } from "../graph.ts";
import { concat, gatherAlong, size } from "../operators/kernels.ts";
import { reshape } from "../operators/lowering.ts";
import { matMul } from "../operators/products.ts";
import { segmentSum } from "../operators/segments.ts";

// Rows that are gathered may be so many times as many as there are, where they are
// more numbers than a card reads while it starts the next operation.
const FILLING = 4;
const FEW = 2 ** 22;

/**
 * The sum of the rows of each segment.
 *
 * @param g The graph.
 * @param pairs Rows [n, …] and their segments' numbers [n], once or several times.
 * @param segments How many segments.
 * @param blocks Of how many replicas they are.
 */
export function segmentProduct(
  g: GraphBuilder,
  pairs: readonly Value[],
  segments: number,
  blocks = 1,
): Value {
  const ids = pairs.filter((_, i) => i % 2 === 1);
  const [first] = pairs as [Value];
  const width = size(first, 1);
  const [tensors, members] = membersOf(pairs, segments);
  const whole = members.reduce((sum, { length }) => sum + length, 0);
  const piece = bestPiece(members);
  const rows = rowsFor(members, piece);
  const fits = rows <= FILLING * whole || rows * width <= FEW;
  if (ids.some(({ data }) => !data) || whole === 0 || !fits) {
    return segmentSum(g, pairs, segments, blocks);
  }
  const flat = tensors.map((x) => reshape(g, x, [x.shape[0]!, width]));
  const sums = summed(g, concat(g, flat, 0), members, piece, blocks);
  return reshape(g, sums, [segments, ...first.shape.slice(1)]);
}

// The tensors, each once, and the rows of each segment, counted through them.
function membersOf(
  pairs: readonly Value[],
  segments: number,
): [tensors: Value[], members: number[][]] {
  const begins = new Map<Value, number>();
  const members = Array.from({ length: segments }, (): number[] => []);
  let end = 0;
  for (let i = 0; i < pairs.length; i += 2) {
    const [x, ids] = pairs.slice(i, i + 2) as [Value, Value];
    const begin = begins.get(x) ?? end;
    if (!begins.has(x)) end += x.shape[0]!;
    begins.set(x, begin);
    ids.data?.forEach((id: number | bigint, row: number) =>
      members[Number(id)]?.push(begin + row)
    );
  }
  return [[...begins.keys()], members];
}

// Where segments are of very different lengths, pieces of so many rows are summed
// first, and then the pieces of each.
const PIECES = [Infinity, 8, 16, 32, 64, 128, 256, 512];

const longestOf = (members: readonly (readonly number[])[]) =>
  members.reduce((most, { length }) => Math.max(most, length), 0);

const pieceCount = ({ length }: readonly number[], piece: number) =>
  Math.ceil(length / piece);

// How many rows are gathered in all.
function rowsFor(
  members: readonly (readonly number[])[],
  piece: number,
): number {
  const longest = longestOf(members);
  if (piece === Infinity) return members.length * longest;
  const counts = members.map((own) => pieceCount(own, piece));
  const pieces = counts.reduce((sum, count) => sum + count, 0);
  return pieces * piece + members.length * Math.ceil(longest / piece);
}

// In pieces only where that is much less.
function bestPiece(members: readonly (readonly number[])[]): number {
  const cost = (piece: number) =>
    rowsFor(members, piece) * (piece === Infinity ? 1 : 2);
  return PIECES.reduce((best, piece) =>
    cost(piece) < cost(best) ? piece : best
  );
}

function summed(
  g: GraphBuilder,
  x: Value,
  members: readonly (readonly number[])[],
  piece: number,
  blocks: number,
): Value {
  if (piece === Infinity) {
    return sumOfLines(g, x, members, longestOf(members), blocks);
  }
  const pieces: number[][] = [];
  const places = members.map((own) => {
    const count = pieceCount(own, piece);
    const first = pieces.length;
    append(
      pieces,
      Array.from(
        { length: count },
        (_, i) => own.slice(i * piece, (i + 1) * piece),
      ),
    );
    return Array.from({ length: count }, (_, i) => first + i);
  });
  const sums = sumOfLines(g, x, pieces, piece);
  return sumOfLines(g, sums, places, longestOf(places), blocks);
}

// The sums of the rows that are numbered, line by line: [lines, width]. A line is
// filled up with its own first row, which counts for nothing there, one without rows
// with any of its replica's: what is not finite comes to no other line that has
// rows, and to no other replica.
function sumOfLines(
  g: GraphBuilder,
  x: Value,
  lines: readonly (readonly number[])[],
  length: number,
  blocks = 1,
): Value {
  const perBlock = lines.length / blocks;
  const filling = Array.from(
    { length: blocks },
    (_, block) =>
      lines.slice(block * perBlock, (block + 1) * perBlock)
        .find((own) => own.length > 0)?.[0] ?? 0,
  );
  const rows = lines.flatMap((own, line) => {
    const other = own[0] ?? filling[Math.floor(line / perBlock)]!;
    return Array.from({ length }, (_, i) => own[i] ?? other);
  });
  const counts = lines.flatMap((own) =>
    Array.from({ length }, (_, i) => i < own.length ? 1 : 0)
  );
  const { dtype } = x;
  const places = toTyped("int64", rows);
  const table = gatherAlong(
    g,
    x,
    g.constant("int64", [lines.length, length], places),
    0,
  );
  const shape = [lines.length, 1, length];
  const ones = g.constant(dtype, shape, toTyped(dtype, counts));
  const sums = matMul(g, ones, table, false, false);
  return reshape(g, sums, [lines.length, x.shape[1]!]);
}
