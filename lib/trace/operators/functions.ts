/**
 * Elementary functions and activations that ONNX has not, or whose kernels in
 * ONNX Runtime cancel, overflow or are missing in float64. None of the forms below
 * takes the difference of nearly equal numbers, and none has a kink where its
 * function has none: `jvp` differentiates them as they stand.
 *
 * @module
 */

import type { GraphBuilder, Value } from "../graph.ts";
import { binary, cast, like, unary } from "./lowering.ts";

type Unary = (g: GraphBuilder, x: Value) => Value;

const one: Unary = (g, x) => like(g, x, 1);
const neg: Unary = (g, x) => unary(g, "Neg", x);
const exp: Unary = (g, x) => unary(g, "Exp", x);
const half: Unary = (g, x) => binary(g, "Mul", x, like(g, x, 0.5));

/** x where a condition holds, else y: of one type, the condition's shape. */
export function choose(
  g: GraphBuilder,
  condition: Value,
  x: Value,
  y: Value,
): Value {
  return g.emit("Where", [condition, x, y], {}, {
    dtype: x.dtype,
    shape: condition.shape,
    weak: x.weak && y.weak,
  });
}

const isBelow0: Unary = (g, x) => binary(g, "Less", x, like(g, x, 0), "bool");
const isAbove0: Unary = (g, x) =>
  binary(g, "Greater", x, like(g, x, 0), "bool");

// In another type, and back.
const computedIn = (dtype: "float32" | "float64", fn: Unary): Unary => (g, x) =>
  cast(g, fn(g, cast(g, x, dtype)), x.dtype, x.weak);

// Steps of float16 are too coarse to go through; ONNX Runtime's own kernels
// for the CPU compute it in float32, too.
const stable = (fn: Unary): Unary => (g, x) =>
  x.dtype === "float16" ? computedIn("float32", fn)(g, x) : fn(g, x);

/** eˣ − 1 = tanh(x/2) · (eˣ + 1); float64 is for what else it rounds. */
export const expm1: Unary = computedIn("float64", (g, x) => {
  const tanh = unary(g, "Tanh", half(g, x));
  return binary(g, "Mul", tanh, binary(g, "Add", exp(g, x), one(g, x)));
});

/** log(1 + x): of the sum as rounded, and what that lost. */
export const log1p: Unary = computedIn("float64", (g, x) => {
  const sum = binary(g, "Add", x, one(g, x));
  const log = unary(g, "Log", sum);
  // What the sum was rounded by; at -1 and ∞ by nothing, to spare 0/0.
  const kept = binary(g, "Sub", sum, one(g, x));
  const lost = binary(g, "Div", binary(g, "Sub", x, kept), sum);
  const exact = binary(g, "Equal", kept, x, "bool");
  return choose(g, exact, log, binary(g, "Add", log, lost));
});

// Whether x is below 0, and e^−|x|.
function decay(g: GraphBuilder, x: Value) {
  const below = isBelow0(g, x);
  return { below, e: exp(g, choose(g, below, x, neg(g, x))) };
}

/**
 * 1/(1 + e⁻ˣ), below 0 as eˣ/(1 + eˣ). ONNX Runtime's own takes the difference
 * from 1 in float64 and ends at ±18 in float32.
 */
export const sigmoid: Unary = stable((g, x) => {
  const { below, e } = decay(g, x);
  const top = choose(g, below, e, one(g, x));
  return binary(g, "Div", top, binary(g, "Add", e, one(g, x)));
});

/** log(1 + eˣ) = max(x, 0) + log1p(e^−|x|). */
export const softplus: Unary = stable((g, x) => {
  const { below, e } = decay(g, x);
  const above = choose(g, below, like(g, x, 0), x);
  return binary(g, "Add", above, log1p(g, e));
});

/** x above 0, below it eˣ − 1. */
export const elu: Unary = stable((g, x) =>
  choose(g, isAbove0(g, x), x, expm1(g, x))
);

/** x above 0, below it αx; as an attribute of ONNX's operator α has float32. */
export function leakyRelu(g: GraphBuilder, x: Value, alpha: number): Value {
  if (x.dtype !== "float64" && !x.weak) {
    return unary(g, "LeakyRelu", x, { alpha: { float: alpha } });
  }
  const scaled = binary(g, "Mul", x, like(g, x, alpha));
  return choose(g, isAbove0(g, x), x, scaled);
}

/** tanh′ = 1/cosh² = 4 σ(2x) σ(−2x). */
export const tanhSlope: Unary = (g, x) => {
  const twice = binary(g, "Mul", x, like(g, x, 2));
  const product = binary(
    g,
    "Mul",
    sigmoid(g, twice),
    sigmoid(g, neg(g, twice)),
  );
  return binary(g, "Mul", product, like(g, x, 4));
};

// ONNX Runtime's own where it has one: in float32.
const orOwn = (op: string, fn: Unary): Unary => (g, x) =>
  x.dtype === "float64" || x.weak ? fn(g, x) : unary(g, op, x);

// (expm1 x − expm1(−x))/2: both terms have one sign.
const sinhOf: Unary = (g, x) =>
  half(g, binary(g, "Sub", expm1(g, x), expm1(g, neg(g, x))));

const cosh64: Unary = (g, x) => {
  const s = sinhOf(g, half(g, x));
  const square = binary(g, "Mul", binary(g, "Mul", s, s), like(g, s, 2));
  return binary(g, "Add", square, one(g, s));
};

/** 1 + 2 sinh²(x/2), whose slope has all its digits near 0. */
export const cosh: Unary = orOwn("Cosh", cosh64);

/** 2 sinh(x/2) cosh(x/2), since eˣ overflows before eˣ/2 does. */
export const sinh: Unary = orOwn("Sinh", (g, x) => {
  const twice = binary(g, "Mul", sinhOf(g, half(g, x)), like(g, x, 2));
  return binary(g, "Mul", twice, cosh64(g, half(g, x)));
});

/** sin x / cos x. */
export const tan: Unary = orOwn(
  "Tan",
  (g, x) => binary(g, "Div", unary(g, "Sin", x), unary(g, "Cos", x)),
);
