/**
 * The kernels that take more than one ONNX operator to say.
 *
 * @module
 */

import { util } from "@tensorflow/tfjs-core";
import { type DType, type GraphBuilder, isFloat, type Value } from "./graph.ts";
import {
  binary,
  cast,
  expand,
  matMul,
  reduce,
  reshape,
  unary,
  unify,
} from "./lowering.ts";

/**
 * The attributes of a kernel. TensorFlow.js types them by convention only; each
 * rule names those it reads, under the names of tfjs-core's kernel_names.
 */
// deno-lint-ignore no-explicit-any
export type Attrs = any;

/** A number, weak: it takes the floating type of what it meets. */
function scalar(g: GraphBuilder, value: number): Value {
  return g.constant("float32", [], Float64Array.of(value), true);
}

/** A number of x's type; where that is integer, without its fraction. */
export function like(g: GraphBuilder, x: Value, value: number): Value {
  return cast(g, scalar(g, value), x.dtype, x.weak);
}

/** TensorFlow.js knows one floating type; a traced float of any width is one. */
export function castTo(g: GraphBuilder, x: Value, dtype: string): Value {
  if (dtype !== "float32") return cast(g, x, dtype as DType);
  return isFloat(x) ? x : cast(g, x, "float32", true);
}

/**
 * One-hot rows, by comparison: ONNX's OneHot counts negative indices from the
 * end, where TensorFlow.js makes a row of off values.
 */
export function oneHot(g: GraphBuilder, indices: Value, attrs: Attrs): Value {
  const { depth, onValue = 1, offValue = 0, dtype = "float32" } = attrs;
  const hot = binary(
    g,
    "Equal",
    reshape(g, indices, [...indices.shape, 1]),
    g.ints([...Array(depth).keys()]),
    "bool",
  );
  if (onValue === 1 && offValue === 0) return castTo(g, hot, dtype);
  const [on, off] = [onValue, offValue].map((value) =>
    castTo(g, scalar(g, value), dtype)
  );
  return g.emit("Where", [hot, on!, off!], {}, {
    dtype: on!.dtype,
    shape: hot.shape,
  });
}

/** Tensors behind each other along an axis. */
export function concat(g: GraphBuilder, parts: Value[], axis: number): Value {
  const values = unify(g, parts);
  const [first] = values;
  const at = axis < 0 ? axis + first!.shape.length : axis;
  const length = values.reduce((sum, v) => sum + v.shape[at]!, 0);
  const shape = first!.shape.with(at, length);
  return values.length === 1
    ? first!
    : g.emit("Concat", values, { axis: at }, { dtype: first!.dtype, shape });
}

/**
 * The remainder of the divisor's sign, as in TensorFlow; ONNX has that for
 * integers only, and for floats the exact remainder of the dividend's sign.
 */
export function mod(g: GraphBuilder, a: Value, b: Value): Value {
  if (!isFloat(a)) return binary(g, "Mod", a, b);
  const rest = binary(g, "Mod", a, b, undefined, { fmod: 1 });
  const side = binary(g, "Mul", unary(g, "Sign", rest), b);
  return g.emit(
    "Where",
    [
      binary(g, "Less", side, like(g, side, 0), "bool"),
      binary(g, "Add", rest, b),
      rest,
    ],
    {},
    rest,
  );
}

/** Pieces of the given lengths along an axis. */
export function split(
  g: GraphBuilder,
  x: Value,
  sizes: number[],
  axis: number,
): Value[] {
  return [...g.emitMany(
    "Split",
    [x, g.ints(sizes)],
    { axis },
    sizes.map((size) => ({ dtype: x.dtype, shape: x.shape.with(axis, size) })),
  )];
}

/** The elements of x that the indices name along an axis. */
export function gather(
  g: GraphBuilder,
  x: Value,
  indices: Value,
  attrs: Attrs,
): Value {
  const batchDims = attrs.batchDims < 0
    ? attrs.batchDims + indices.shape.length
    : attrs.batchDims ?? 0;
  const [axis] = util.parseAxisParam(attrs.axis ?? 0, [...x.shape]);
  const rest = x.shape.slice(axis! + 1);
  if (batchDims === 0) {
    return g.emit("Gather", [x, indices], { axis: axis! }, {
      dtype: x.dtype,
      shape: [...x.shape.slice(0, axis), ...indices.shape, ...rest],
    });
  }
  if (batchDims !== axis) {
    throw new TypeError(
      `Cannot trace gather with axis ${axis} and batchDims ${batchDims}: ` +
        "with batch dimensions the axis must follow them",
    );
  }
  const points = reshape(g, cast(g, indices, "int64"), [...indices.shape, 1]);
  return g.emit("GatherND", [x, points], { batch_dims: batchDims }, {
    dtype: x.dtype,
    shape: [...indices.shape, ...rest],
  });
}

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
    of.length * Math.max(...of.map(({ length }) => length));
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

/** How many elements x has along the axes from one on. */
export function size(x: Value, from: number): number {
  return x.shape.slice(from).reduce((product, d) => product * d, 1);
}
