/**
 * Sums of rows by segment, the gradient of looking rows up.
 *
 * @module
 */

import { append } from "../../base/extremes.ts";
import type { HostData } from "../../numeric/tensor.ts";
import { type Graph, GraphBuilder, type Value } from "../graph.ts";
import { concat, gatherAlong, oneHot, size } from "./kernels.ts";
import { binary, cast, expand, like, reshape } from "./lowering.ts";
import { matMul } from "./products.ts";
import { reduce } from "./reductions.ts";
import { rewrite } from "../rewrite.ts";
import { SEGMENT_SUM, segmentsOf } from "./sums.ts";

/**
 * The sum of the rows of each segment. ONNX's scatter with addition runs on a
 * single thread. Where the ids are known, the rows of a segment are gathered side
 * by side and summed; where they are not, it is a product with the one-hot matrix
 * of the ids.
 *
 * @param g The graph.
 * @param pairs Rows [n, …] and their segments' numbers [n], once or several times.
 * @param segments How many segments.
 * @param blocks Of how many replicas they are.
 */
export function segmentSum(
  g: GraphBuilder,
  pairs: readonly Value[],
  segments: number,
  blocks = 1,
): Value {
  const [first] = pairs as [Value];
  const shape = [segments, ...first.shape.slice(1)];
  if (g.deferSegmentSums) {
    return g.emit(SEGMENT_SUM, pairs, { segments }, { ...first, shape });
  }
  const tables: Rows[] = [];
  const products: Value[] = [];
  for (let i = 0; i < pairs.length; i += 2) {
    const [x, ids] = pairs.slice(i, i + 2) as [Value, Value];
    const flat = reshape(g, x, [ids.shape[0]!, size(x, 1)]);
    if (ids.data) {
      tables.push({ parts: [flat], segments: membersOf(ids.data, segments) });
    } else {
      products.push(sumOfUnknown(g, flat, ids, segments, blocks));
    }
  }
  if (tables.length > 0) products.push(sumOfRows(g, tables));
  const sum = products.reduce((a, b) => binary(g, "Add", a, b));
  return reshape(g, sum, shape);
}

// The product of rows [n, width] with the one-hot matrix of their ids; of several
// replicas one each: zeros of one times what is not finite in another are not 0.
function sumOfUnknown(
  g: GraphBuilder,
  rows: Value,
  ids: Value,
  segments: number,
  blocks: number,
): Value {
  const hotOf = (ids: Value, depth: number) =>
    cast(g, oneHot(g, ids, { depth }), rows.dtype, rows.weak);
  if (blocks === 1) return matMul(g, hotOf(ids, segments), rows, true, false);
  const [own, [n, width]] = [segments / blocks, rows.shape as [number, number]];
  const begins = Array.from({ length: blocks }, (_, block) => block * own);
  const places = binary(
    g,
    "Sub",
    cast(g, reshape(g, ids, [blocks, n / blocks]), "int64"),
    reshape(g, g.ints(begins), [blocks, 1]),
  );
  const table = reshape(g, rows, [blocks, n / blocks, width]);
  const sums = matMul(g, hotOf(places, own), table, true, false);
  return reshape(g, sums, [segments, width]);
}

/**
 * The same for a session of one thread: rows are added where they belong, one after
 * the other, in a third of the time. (Threads would add to one row at once.)
 *
 * @param g The graph.
 * @param pairs As those of {@link segmentSum}.
 * @param segments How many segments.
 * @param blocks Of how many replicas they are.
 */
export function segmentSumInPlace(
  g: GraphBuilder,
  pairs: readonly Value[],
  segments: number,
  blocks = 1,
): Value {
  const [first] = pairs as [Value];
  const ids = pairs.filter((_, i) => i % 2 === 1);
  // Rows of no segment are left out; the kernel counts −1 from the end.
  const areKnown = ids.every(({ data }) =>
    data?.every((id: number | bigint) => id >= 0 && id < segments)
  );
  // Of float16 ONNX Runtime's kernel adds none.
  if (first.dtype === "float16" || !areKnown) {
    return segmentSum(g, pairs, segments, blocks);
  }
  const shape = [segments, ...first.shape.slice(1)];
  const flat = [segments, size(first, 1)];
  const sum = ids.reduce((table, own, i) => {
    const rows = reshape(g, pairs[2 * i]!, [own.shape[0]!, flat[1]!]);
    const places = cast(g, reshape(g, own, [...own.shape, 1]), "int64");
    return g.emit("ScatterND", [table, places, rows], { reduction: "add" }, {
      dtype: first.dtype,
      shape: flat,
    });
  }, expand(g, like(g, first, 0), flat));
  return reshape(g, sum, shape);
}

// The numbers of each segment's rows.
function membersOf(ids: HostData, segments: number): number[][] {
  const members = Array.from({ length: segments }, (): number[] => []);
  ids.forEach((id: number | bigint, row: number) =>
    members[Number(id)]?.push(row)
  );
  return members;
}

// How many rows of a segment are summed by themselves.
const PIECE = 8;

// Tables of rows: a table with a line for each segment, filled up to the longest
// one, may be so many times as large as what sums of pieces leave.
const FILLING = 1.6;

// Rows, in parts that lie end to end, and for each segment the numbers of its own.
interface Rows {
  readonly parts: readonly Value[]; // [rows, width] each
  readonly segments: readonly (readonly number[])[];
}

// For each segment the sum of its rows, those of several tensors. Segments differ
// in length, so a table with a line for each would be mostly filling: whole pieces
// are summed first, and what remains, their sums and the odd rows, is the same
// task again, smaller.
function sumOfRows(g: GraphBuilder, tensors: readonly Rows[]): Value {
  let rows = endToEnd(tensors.map((own) => sumOfPieces(g, own) ?? own));
  for (let next; (next = sumOfPieces(g, rows));) rows = next;
  return sumOfTable(g, rows);
}

function endToEnd(tensors: readonly Rows[]): Rows {
  const parts = tensors.flatMap(({ parts }) => parts);
  const segments = tensors[0]!.segments.map((): number[] => []);
  let first = 0;
  for (const rows of tensors) {
    rows.segments.forEach((own, i) =>
      append(segments[i]!, own.map((row) => first + row))
    );
    first += lengthOf(rows);
  }
  return { parts, segments };
}

const lengthOf = ({ parts }: Rows) =>
  parts.reduce((sum, { shape }) => sum + shape[0]!, 0);

// The rows of x that are numbered, in a table, and their sums along its lines.
const pick = (
  g: GraphBuilder,
  x: Value,
  rows: readonly number[],
  shape: number[],
  freeAxis: number,
) => {
  const index = g.constant("int64", shape, BigInt64Array.from(rows, BigInt));
  // The same numbers twice, meant otherwise: then their place says nothing.
  if (index.freeAxis === undefined) index.freeAxis = freeAxis;
  else if (index.freeAxis !== freeAxis) index.freeAxis = -1;
  return gatherAlong(g, x, index, 0);
};
const sums = (
  g: GraphBuilder,
  x: Value,
  rows: readonly number[],
  length: number,
  freeAxis: number,
) =>
  reduce(
    g,
    "ReduceSum",
    pick(g, x, rows, [rows.length / length, length], freeAxis),
    1,
  );

// The sums of whole pieces, and the odd rows; undefined where a table of all is
// hardly larger than one of these.
function sumOfPieces(g: GraphBuilder, rows: Rows): Rows | undefined {
  const { segments, parts } = rows;
  const whole = segments.map(({ length }) => length - length % PIECE);
  const pieces = segments.flatMap((own, i) => own.slice(0, whole[i]));
  const odd = segments.flatMap((own, i) => own.slice(whole[i]));
  // Where a segment's pieces and odd rows are among what remains.
  let [piece, single] = [0, pieces.length / PIECE];
  const remaining = segments.map((own, i) => [
    ...Array.from({ length: whole[i]! / PIECE }, () => piece++),
    ...Array.from({ length: own.length - whole[i]! }, () => single++),
  ]);
  const left = single + cells(remaining);
  if (pieces.length === 0 || cells(segments) <= FILLING * left) {
    return undefined;
  }
  const x = concat(g, [...parts], 0);
  return {
    parts: [sums(g, x, pieces, PIECE, 0), pick(g, x, odd, [odd.length], 0)],
    segments: remaining,
  };
}

// A table has as many cells as there are segments times the longest.
const cells = (segments: Rows["segments"]) =>
  segments.length *
  segments.reduce((most, { length }) => Math.max(most, length), 0);

function sumOfTable(g: GraphBuilder, rows: Rows): Value {
  const { parts, segments } = rows;
  const [x] = parts as [Value];
  const width = x.shape[1]!;
  const zero = expand(g, like(g, x, 0), [1, width]);
  const longest = cells(segments) / segments.length;
  if (longest === 0) return expand(g, zero, [segments.length, width]);
  const filling = lengthOf(rows);
  const filled = segments.flatMap((own) => [
    ...own,
    ...Array<number>(longest - own.length).fill(filling),
  ]);
  return sums(g, concat(g, [...parts, zero], 0), filled, longest, 1);
}

/**
 * Writes the sums that a trace deferred, their ids being known by now.
 *
 * @param graph The graph.
 * @param write How a sum is written.
 */
export function expandSegmentSums(graph: Graph, write = segmentSum): Graph {
  const g = new GraphBuilder();
  return {
    inputs: graph.inputs,
    outputs: rewrite(graph, new Map(), (node, operands) => {
      if (node.op !== SEGMENT_SUM) return undefined;
      const { segments, blocks } = segmentsOf(node);
      return [write(g, operands, segments, blocks)];
    }),
  };
}
