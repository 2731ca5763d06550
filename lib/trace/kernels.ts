/**
 * The kernels that take more than one ONNX operator to say.
 *
 * @module
 */

import { util } from "@tensorflow/tfjs-core";
import { type DType, type GraphBuilder, isFloat, type Value } from "./graph.ts";
import { binary, cast, reshape, unary, unify } from "./lowering.ts";

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

/** How many elements x has along the axes from one on. */
export function size(x: Value, from: number): number {
  return x.shape.slice(from).reduce((product, d) => product * d, 1);
}

const FLOAT32_MAX = (2 - 2 ** -23) * 2 ** 127;

/**
 * 1 where x is above 0, else 0: part of every ReLU's gradient, so it is made
 * fast. HardSigmoid is max(0, min(1, slope·x)): at the steepest slope there is, 1
 * for every normal number above 0. A comparison and its conversion to numbers
 * take five times as long; they serve the other types. (Of NaN they make 0.)
 */
export function step(g: GraphBuilder, x: Value): Value {
  if (x.dtype === "float32" && !x.weak) {
    const slope = { alpha: { float: FLOAT32_MAX }, beta: { float: 0 } };
    // Where there is a ReLU it is made of its result: what went into it need
    // not be kept, and the runtime makes it part of the product before.
    const above = x.node?.op === "Relu" ? x : unary(g, "Relu", x);
    return unary(g, "HardSigmoid", above, slope);
  }
  const above = binary(g, "Greater", x, like(g, x, 0), "bool");
  return cast(g, above, x.dtype, x.weak);
}
