/**
 * What the loops of all devices are made of.
 *
 * @module
 */

import {
  type Graph,
  newConstant,
  newNode,
  type Node,
  type Spec,
  type Value,
} from "../../trace/graph.ts";
import { ONNX_TYPE } from "../../trace/operators/lowering.ts";
import type { Dim } from "../../onnx/file/model.ts";
import { sizeOf, toTyped } from "../../numeric/tensor.ts";

export const INT = { dtype: "int64", shape: [] } as const;
export const BOOL = { dtype: "bool", shape: [] } as const;

/** The name of a traced step's input that is no state: updates made before. */
export const STEP = "step";
/** Its type. */
export const STEP_SPEC = INT;

/** How the names of a traced step's metrics begin. */
export const METRIC = "metrics.";

/** The names of a traced step's metrics, in the order of their rows. */
export function metricNamesOf({ outputs }: Graph): string[] {
  return outputs.map(([name]) => name)
    .filter((name) => name.startsWith(METRIC))
    .map((name) => name.slice(METRIC.length));
}

/** The names of a loop's state among the inputs and outputs. */
export const initial = (loop: number, path: string): string =>
  `initial.${loop}.${path}`;
export const final = (loop: number, path: string): string =>
  `final.${loop}.${path}`;

/** A constant of one number throughout. */
export const filled = ({ dtype, shape }: Spec, value: number): Value =>
  newConstant(dtype, shape, toTyped(dtype, Array(sizeOf(shape)).fill(value)));

/** A value's shape, of which lengths that depend on the data are free. */
export const dimsOf = ({ shape, freeAxis, name }: Value): Dim[] =>
  shape.map((length, axis) => axis === freeAxis ? `${name}.rows` : length);

/** A node of one result. */
export const apply = (
  op: string,
  inputs: readonly Value[],
  result: Spec,
  attributes: Node["attributes"] = {},
): Value => newNode(op, inputs, attributes, [result])[0]!;

/** A constant of integers, [n]. */
export const ints = (values: readonly number[]): Value =>
  newConstant("int64", [values.length], toTyped("int64", values));

/** A value with another shape. */
export const reshaped = (x: Value, shape: readonly number[]): Value =>
  apply("Reshape", [x, ints(shape)], { dtype: x.dtype, shape });

/** Metrics, each [] or [replicas], as one row [metrics, …]. */
export function rowOf(values: readonly Value[]): Value {
  const lines = values.map((value) => {
    const { shape } = value;
    const number = { dtype: "float64", shape } as const;
    const wide = apply("Cast", [value], number, { to: ONNX_TYPE.float64 });
    return reshaped(wide, [1, ...shape]);
  });
  const [, ...replicas] = lines[0]!.shape;
  return apply("Concat", lines, {
    dtype: "float64",
    shape: [lines.length, ...replicas],
  }, { axis: 0 });
}

/**
 * What a body may give out: values that are made in it, each once; others go
 * through an Identity.
 */
export function madeOnce(values: readonly Value[]): Value[] {
  const seen = new Set<Value>();
  return values.map((value) => {
    if (value.node && !seen.has(value)) {
      seen.add(value);
      return value;
    }
    return apply("Identity", [value], value);
  });
}
