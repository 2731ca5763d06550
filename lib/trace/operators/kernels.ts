/**
 * The kernels that take more than one ONNX operator to say.
 *
 * @module
 */

import { util } from "../../base/tfjs.ts";
import { type DType, toTyped } from "../../numeric/tensor.ts";
import { type GraphBuilder, isFloat, type Value } from "../graph.ts";
import { NEGATIVE } from "./indices.ts";
import { integerMod } from "./integers.ts";
import {
  binary,
  cast,
  like,
  reshape,
  scalar,
  slice,
  unary,
  unify,
} from "./lowering.ts";

/**
 * The attributes of a kernel. TensorFlow.js types them by convention only; each
 * rule names those it reads, under the names of tfjs-core's kernel_names.
 */
// deno-lint-ignore no-explicit-any
export type Attrs = any;

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
  const all = unify(g, parts);
  const at = axis < 0 ? axis + all[0]!.shape.length : axis;
  // Nothing comes of an empty part.
  const full = all.filter(({ shape }) => shape[at] !== 0);
  const values = full.length > 0 ? full : all.slice(0, 1);
  const [first] = values as [Value];
  const length = values.reduce((sum, v) => sum + v.shape[at]!, 0);
  const shape = first.shape.with(at, length);
  return values.length === 1
    ? first
    : g.emit("Concat", values, { axis: at }, { dtype: first.dtype, shape });
}

/**
 * The remainder of the divisor's sign, as in TensorFlow; ONNX has that for
 * integers only, and for floats the exact remainder of the dividend's sign.
 */
export function mod(g: GraphBuilder, a: Value, b: Value): Value {
  if (!isFloat(a)) return integerMod(g, a, b);
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

/**
 * A divisor without the zeros at which dy is 0 because they are zeros: where dy is
 * a choice of 0 for b = 0. Any other is returned as it is.
 */
export function safeDivisor(g: GraphBuilder, dy: Value, b: Value): Value {
  const chosen = withoutZeros(dy);
  if (chosen.node?.op !== "Where") return b;
  const [isZero, none] = chosen.node.inputs as [Value, Value];
  if (isZero.node?.op !== "Equal" || !isZeros(none)) return b;
  const [x, y] = isZero.node.inputs as [Value, Value];
  if (!(x === b && isZeros(y)) && !(y === b && isZeros(x))) return b;
  const isNone = binary(g, "Equal", b, like(g, b, 0), "bool");
  return g.emit("Where", [isNone, like(g, b, 1), b], {}, b);
}

// The gradient of zeros made like the quotient is added to the quotient's own.
function withoutZeros(sum: Value): Value {
  if (sum.node?.op !== "Add") return sum;
  const [x, y] = sum.node.inputs as [Value, Value];
  return isZeros(y) ? withoutZeros(x) : isZeros(x) ? withoutZeros(y) : sum;
}

const isZeros = (x: Value): boolean =>
  x.node?.op === "Expand"
    ? isZeros(x.node.inputs[0]!)
    : x.data !== undefined && x.data.length > 0 &&
      x.data.every((value: number | bigint) => Number(value) === 0);

/** Pieces of the given lengths along an axis. */
export function split(
  g: GraphBuilder,
  x: Value,
  sizes: number[],
  axis: number,
): Value[] {
  const full = sizes.filter((size) => size > 0);
  const shapeOf = (size: number) => x.shape.with(axis, size);
  const pieces = [
    ...g.emitMany(
      "Split",
      [x, g.ints(full)],
      { axis },
      full.map((size) => ({ dtype: x.dtype, shape: shapeOf(size) })),
    ),
  ];
  return sizes.map((size) =>
    size > 0
      ? pieces.shift()!
      : g.constant(x.dtype, shapeOf(0), toTyped(x.dtype, []), x.weak)
  );
}

// Places that these find lie in their axis.
const isChosen = ({ node }: Value) =>
  ["ArgMax", "ArgMin", "TopK", "GatherElements"].includes(node?.op ?? "");

/**
 * Indices into an axis, as ONNX must get them: it counts negative ones from the
 * end, TensorFlow.js knows none. What is known is looked through; of what is not,
 * a negative one becomes one that is too large for any axis, which ONNX Runtime
 * refuses when it comes to it.
 *
 * @throws {RangeError} if one is known not to lie in the axis.
 */
function within(
  g: GraphBuilder,
  indices: Value,
  { dtype, shape }: Value,
  axis: number,
): Value {
  const length = shape[axis]!;
  if (indices.data) {
    const found = Array.from(indices.data, Number);
    const outside = found.find((i) => !(i >= 0 && i < length));
    if (outside === undefined) return indices;
    throw new RangeError(
      `Cannot trace ${g.doing ?? "Gather"} of ${dtype} [${shape}] along ` +
        `axis ${axis}: index ${outside} is not in 0 … ${length - 1}`,
    );
  }
  const { op } = indices.node ?? {};
  const chosen = op === "Where"
    ? indices.node!.inputs.slice(1).every(isChosen)
    : isChosen(indices);
  if (g.indicesInRange || chosen) return indices;
  const below = binary(g, "Less", indices, like(g, indices, 0), "bool");
  return g.emit(
    "Where",
    [below, binary(g, "Sub", like(g, indices, NEGATIVE), indices), indices],
    {},
    indices,
  );
}

/** The elements of x that the indices name along an axis. */
export function gatherAlong(
  g: GraphBuilder,
  x: Value,
  indices: Value,
  axis: number,
): Value {
  const [before, after] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
  return g.emit("Gather", [x, indices], { axis }, {
    dtype: x.dtype,
    shape: [...before, ...indices.shape, ...after],
  });
}

/** The kernel of that name: indices are looked at before. */
export function gather(
  g: GraphBuilder,
  x: Value,
  indices: Value,
  attrs: Attrs,
): Value {
  const batchDims = attrs.batchDims < 0
    ? attrs.batchDims + indices.shape.length
    : attrs.batchDims ?? 0;
  const [axis] = util.parseAxisParam(attrs.axis ?? 0, [...x.shape]) as [number];
  const places = within(g, indices, x, axis);
  if (batchDims === 0) return gatherAlong(g, x, places, axis);
  if (batchDims !== axis) {
    throw new TypeError(
      `Cannot trace gather with axis ${axis} and batchDims ${batchDims}: ` +
        "with batch dimensions the axis must follow them",
    );
  }
  const points = reshape(g, cast(g, places, "int64"), [...places.shape, 1]);
  return g.emit("GatherND", [x, points], { batch_dims: batchDims }, {
    dtype: x.dtype,
    shape: [...places.shape, ...x.shape.slice(axis + 1)],
  });
}

/** x with other rows, or other elements, in the places that are named. */
export function scatterUpdate(
  g: GraphBuilder,
  x: Value,
  indices: Value,
  updates: Value,
): Value {
  if (size(updates, 0) === 0) return x;
  const columns = Array.from(
    { length: indices.shape.at(-1)! },
    (_, axis) => within(g, columnOf(g, indices, axis), x, axis),
  );
  // Known ones are looked through by now, and stay as they are.
  const looked = indices.data || g.indicesInRange
    ? indices
    : concat(g, columns, -1);
  return g.emit(
    "ScatterND",
    [x, cast(g, looked, "int64"), cast(g, updates, x.dtype)],
    {},
    x,
  );
}

// One column of the places, still a column.
const columnOf = (g: GraphBuilder, places: Value, column: number) => {
  const rank = places.shape.length;
  const begin = places.shape.map((_, i) => i === rank - 1 ? column : 0);
  return slice(g, places, begin, places.shape.with(-1, 1));
};

/** How many elements x has along the axes from one on. */
export function size(x: Value, from: number): number {
  return x.shape.slice(from).reduce((product, d) => product * d, 1);
}

const FLOAT32_MAX = (2 - 2 ** -23) * 2 ** 127;

/**
 * 1 where x is above 0, else 0, and NaN of NaN: part of every ReLU's gradient, so it
 * is made fast. HardSigmoid is max(0, min(1, slope·x)): at the steepest slope there
 * is, 1 for every normal number above 0. The other types have the sign of a ReLU. (A
 * comparison and its conversion to numbers take five times as long.)
 */
export function step(g: GraphBuilder, x: Value): Value {
  // Where there is a ReLU it is made of its result: what went into it need not be
  // kept, and the runtime makes it part of the product before.
  const above = x.node?.op === "Relu" ? x : unary(g, "Relu", x);
  if (x.dtype !== "float32" || x.weak) return unary(g, "Sign", above);
  const slope = { alpha: { float: FLOAT32_MAX }, beta: { float: 0 } };
  return unary(g, "HardSigmoid", above, slope);
}
