/**
 * Division of integers. A divisor of 0 is refused: while tracing where it is known,
 * by the runtime where it is not (its `Mod` looks, its `Div` would end the process,
 * as both do of the least integer by −1).
 *
 * @module
 */

import { choose } from "./functions.ts";
import type { GraphBuilder, Value } from "../graph.ts";
import { binary, cast, like, unary, unify } from "./lowering.ts";

const holds = ({ data }: Value, value: number) =>
  data?.some((x: number | bigint) => Number(x) === value);

// Whether −1 may be among the divisors: unsigned ones have none.
const mayBeMinusOne = (b: Value) =>
  !b.dtype.startsWith("uint") && (holds(b, -1) ?? true);

const isMinusOne = (g: GraphBuilder, b: Value) =>
  binary(g, "Equal", b, like(g, b, -1), "bool");

/**
 * Operands of one type, none of them divided by 0.
 *
 * @throws {RangeError} if a divisor is known to be 0.
 */
function operands(g: GraphBuilder, a: Value, b: Value): [Value, Value] {
  if (holds(b, 0)) {
    throw new RangeError(
      `Cannot trace ${g.doing ?? "Mod"} of ${a.dtype} [${a.shape}] by ` +
        `[${b.shape}]: a divisor is 0, of which there is no integer`,
    );
  }
  return unify(g, [a, b]) as [Value, Value];
}

// By 1 where it would be by −1: neither leaves a remainder.
const safe = (g: GraphBuilder, b: Value) =>
  mayBeMinusOne(b) ? choose(g, isMinusOne(g, b), like(g, b, 1), b) : b;

/** The remainder of the divisor's sign. */
export function integerMod(g: GraphBuilder, x: Value, y: Value): Value {
  const [a, b] = operands(g, x, y);
  return binary(g, "Mod", a, safe(g, b));
}

/**
 * The quotient, rounded down. Less the remainder the division comes out even,
 * since ONNX's integer division truncates; of int32 in int64, where that difference
 * has room. The least integer by −1 is itself, as in NumPy: its opposite is none of
 * its type.
 */
export function integerDiv(g: GraphBuilder, x: Value, y: Value): Value {
  const [a, b] = operands(g, x, y);
  if (a.dtype === "int32") {
    const wide = divided(g, cast(g, a, "int64"), cast(g, b, "int64"));
    return cast(g, wide, "int32");
  }
  const divisor = safe(g, b);
  const quotient = divided(g, a, divisor);
  if (divisor === b) return quotient;
  return choose(g, isMinusOne(g, b), unary(g, "Neg", a), quotient);
}

const divided = (g: GraphBuilder, a: Value, b: Value) =>
  binary(g, "Div", binary(g, "Sub", a, binary(g, "Mod", a, b)), b);
