/**
 * What zeros become element by element.
 *
 * @module
 */

import type { Value } from "../graph.ts";

interface Operand {
  readonly value: Value;
  readonly kind: "matrix" | "column" | "number";
  readonly zero?: boolean;
}

// f(0) = 0.
const ODD = [
  ...["Neg", "Abs", "Sign", "Sqrt", "Relu", "Floor", "Ceil", "Round", "Cast"],
  ...["Identity", "Tanh", "Sin", "Tan", "Sinh", "Erf", "LeakyRelu"],
];

/**
 * Whether an operator makes zeros of zeros, whatever numbers it is given beside
 * them, as long as these are finite: where one is not, what is no filling is not
 * either, and training ends.
 *
 * @param op The operator.
 * @param operands Its operands, of which matrices may be known to be filled up with
 * zeros.
 */
export function keepsZeros(op: string, operands: readonly Operand[]): boolean {
  const matrices = operands.filter(({ kind }) => kind === "matrix");
  const all = matrices.every(({ zero }) => zero);
  const only = matrices.length === operands.length;
  if (op === "Mul") return all;
  if (op === "Div") {
    const [x, y] = operands as [Operand, Operand];
    return x.kind === "matrix" && x.zero === true && isNotZero(y.value);
  }
  if (["Add", "Sub", "Max", "Min"].includes(op)) return all && only;
  if (op === "Where") {
    return operands.slice(1).every(({ kind, zero, value }) =>
      kind === "matrix" ? zero : isZero(value)
    );
  }
  return ODD.includes(op) && only && all;
}

const isZero = ({ data }: Value) => data?.length === 1 && Number(data[0]) === 0;

const isNotZero = ({ data }: Value) =>
  data?.every((x: number | bigint) => Number(x) !== 0) ?? false;
