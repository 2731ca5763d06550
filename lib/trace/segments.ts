/**
 * Sums of rows by segment, the gradient of looking rows up.
 *
 * @module
 */

import { type Graph, GraphBuilder, type Value } from "./graph.ts";
import { concat, gather, like, oneHot, size } from "./kernels.ts";
import { cast, expand, matMul, reduce, reshape } from "./lowering.ts";
import { rewrite } from "./rewrite.ts";

/**
 * A sum whose ids are not known yet: the one operator that is none of ONNX's, so
 * no file may hold it. See {@link expandSegmentSums}.
 */
export const SEGMENT_SUM = "SegmentSum";

/**
 * The sum of the rows of each segment. ONNX's scatter with addition runs on a
 * single thread. Where the ids are known, the rows of a segment are gathered side
 * by side and summed; where they are not, it is a product with the one-hot matrix
 * of the ids.
 */
export function segmentSum(
  g: GraphBuilder,
  x: Value,
  ids: Value,
  segments: number,
): Value {
  const shape = [segments, ...x.shape.slice(1)];
  const rows = ids.shape[0]!;
  const flat = reshape(g, x, [rows, size(x, 1)]);
  if (!ids.data && g.deferSegmentSums) {
    return g.emit(SEGMENT_SUM, [x, ids], { segments }, { ...x, shape });
  }
  if (!ids.data) {
    const hot = cast(g, oneHot(g, ids, { depth: segments }), x.dtype);
    return reshape(g, matMul(g, hot, flat, true, false), shape);
  }
  const members = Array.from({ length: segments }, (): number[] => []);
  ids.data.forEach((id: number | bigint, row: number) =>
    members[Number(id)]?.push(row)
  );
  return reshape(g, sumOfRows(g, flat, members), shape);
}

// How many rows of a segment are summed by themselves.
const PIECE = 8;

// For each segment the sum of those rows of x [rows, width] whose numbers it
// lists. Segments differ in length, so a table with a line for each would be
// mostly filling: whole pieces are summed first, and what remains, their sums
// and the odd rows, is the same task again, smaller.
function sumOfRows(
  g: GraphBuilder,
  x: Value,
  segments: readonly (readonly number[])[],
): Value {
  const pick = (rows: readonly number[], shape: number[]) => {
    const index = g.constant("int64", shape, BigInt64Array.from(rows, BigInt));
    return gather(g, x, index, { axis: 0 });
  };
  const sums = (rows: readonly number[], length: number) =>
    reduce(
      g,
      "ReduceSum",
      pick(rows, [rows.length / length, length]),
      1,
    );
  const [rows, width] = x.shape as [number, number];
  const whole = segments.map(({ length }) => length - length % PIECE);
  const pieces = segments.flatMap((rows, i) => rows.slice(0, whole[i]));
  const odd = segments.flatMap((rows, i) => rows.slice(whole[i]));
  // Where a segment's pieces and odd rows are among what remains.
  let [piece, single] = [0, pieces.length / PIECE];
  const remaining = segments.map((rows, i) => [
    ...Array.from({ length: whole[i]! / PIECE }, () => piece++),
    ...Array.from({ length: rows.length - whole[i]! }, () => single++),
  ]);
  // A table has as many cells as there are segments times the longest.
  const cells = (of: readonly (readonly number[])[]) =>
    of.length * of.reduce((most, { length }) => Math.max(most, length), 0);
  if (pieces.length > 0 && cells(segments) > single + cells(remaining)) {
    const parts = [sums(pieces, PIECE), pick(odd, [odd.length])];
    return sumOfRows(g, concat(g, parts, 0), remaining);
  }
  const zero = expand(g, cast(g, like(g, x, 0), x.dtype), [1, width]);
  const longest = cells(segments) / segments.length;
  if (longest === 0) return expand(g, zero, [segments.length, width]);
  x = concat(g, [x, zero], 0);
  const filled = segments.flatMap((numbers) => [
    ...numbers,
    ...Array<number>(longest - numbers.length).fill(rows),
  ]);
  return sums(filled, longest);
}

/** Writes the sums that a trace deferred, their ids being known by now. */
export function expandSegmentSums(graph: Graph): Graph {
  const g = new GraphBuilder();
  return {
    inputs: graph.inputs,
    outputs: rewrite(graph, new Map(), ({ op, attributes }, [x, ids]) => {
      if (op !== SEGMENT_SUM) return undefined;
      const { segments } = attributes as { segments: number };
      return [segmentSum(g, x!, ids!, segments)];
    }),
  };
}
