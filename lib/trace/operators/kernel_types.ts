/**
 * Which element types ONNX Runtime's kernels for the CPU take (1.30). What it has
 * no kernel for is refused while tracing, under the operation's name: a session
 * would refuse it later, in words about the file.
 *
 * @module
 */

import type { DType } from "../../numeric/tensor.ts";

const FLOATS: readonly DType[] = ["float16", "float32", "float64"];
/** An operand, of which only its type matters. */
interface Typed {
  readonly dtype: DType;
}

const SIGNED: readonly DType[] = [...FLOATS, "int32", "int64"];
const NUMBERS: readonly DType[] = [...SIGNED, "uint32", "uint64"];
const SINGLE: readonly DType[] = ["float16", "float32"];

const of = (types: readonly DType[], ...ops: string[]) =>
  ops.map((op) => [op, types] as const);

/** Operator → types; an operator that is not listed takes every type. */
export const KERNEL_TYPES: ReadonlyMap<string, readonly DType[]> = new Map([
  ...of(NUMBERS, "Add", "Sub", "Mul", "Div", "Mod", "Max", "Min", "Abs"),
  ...of(NUMBERS, "Sign", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"),
  ...of(NUMBERS, "MatMul"),
  ...of(SIGNED, "Pow", "Neg", "Relu", "Where", "ReduceSum", "ReduceSumSquare"),
  ...of(SIGNED, "ReduceProd", "ReduceMax", "ReduceMin", "TopK", "CumSum"),
  ...of(SIGNED, "ReduceMean", "ArgMax", "ArgMin"),
  ...of(FLOATS, "Sqrt", "Exp", "Log", "Sin", "Cos", "Tanh", "Reciprocal"),
  ...of(FLOATS, "Floor", "Ceil", "Round", "LeakyRelu", "HardSigmoid"),
  ...of(FLOATS, "IsNaN", "Softmax", "Gemm"),
  ...of(["float32", "float64"], "IsInf"),
  ...of(SINGLE, "Tan", "Sinh", "Cosh", "Erf"),
  ...of(["bool"], "And", "Or", "Not"),
  ...of(["int32", "int64", "uint32", "uint64"], "BitwiseXor"),
  ...of(["uint32", "uint64"], "BitShift"),
]);

// A condition is no operand that the kernel is chosen by.
const decisive = (op: string, inputs: readonly Typed[]) =>
  inputs[op === "Where" ? 1 : 0];

/**
 * Refuses an operator on operands that ONNX Runtime has no kernel for.
 *
 * @param op The operator.
 * @param inputs Its operands.
 * @param doing What is being traced, for the message.
 * @throws {TypeError} naming both, and the type.
 */
export function checkKernel(
  op: string,
  inputs: readonly Typed[],
  doing: string = op,
): void {
  const dtype = decisive(op, inputs)?.dtype;
  const types = KERNEL_TYPES.get(op);
  if (!types || dtype === undefined || types.includes(dtype)) return;
  throw new TypeError(
    `Cannot trace ${doing} of ${dtype}: ONNX Runtime computes ${op} of ` +
      `${types.join(", ")} only; convert it with cast or toPrecision`,
  );
}
