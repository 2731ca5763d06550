/**
 * A traced step as a graph of its own: no loop and no condition around it, its
 * number part of what it takes and gives, so that it can be run after itself.
 *
 * @module
 */

import { modelOf, type ModelProto } from "../../onnx/file/model.ts";
import {
  type Graph,
  newConstant,
  newInput,
  newNode,
  type Value,
} from "../../trace/graph.ts";
import { ONNX_TYPE } from "../../trace/operators/lowering.ts";
import { METRIC, metricNamesOf, STEP, STEP_SPEC } from "./loop_parts.ts";
import { withoutUploads } from "../../trace/cards/uploads.ts";

/** The name of what a step makes of an input: the input of the step after it. */
export const next = (name: string) => `next.${name}`;

/** What a step takes, its number last. */
export function stepInputs({ inputs }: Graph): readonly Value[] {
  const number = inputs.find(({ name }) => name === STEP) ??
    newInput(STEP, STEP_SPEC);
  return [...inputs.filter(({ name }) => name !== STEP), number];
}

/**
 * The model of one step.
 *
 * Inputs: the state, and the step's number, {@link STEP}. Outputs: the same of the
 * step after it under their {@link next} names; `loss`; `metrics.…`, if wanted.
 * Loss and metrics are float64.
 *
 * @param step The traced step.
 * @param measured Whether it gives metrics.
 */
export function stepModel(step: Graph, measured: boolean): ModelProto {
  const inputs = stepInputs(step);
  const output = new Map(withoutUploads(step).outputs);
  const number = inputs.at(-1)!;
  const one = newConstant("int64", [], BigInt64Array.of(1n));
  const [after] = newNode("Add", [number, one], {}, [STEP_SPEC]);
  const names = measured ? metricNamesOf(step) : [];
  return modelOf({
    inputs,
    outputs: [
      ...inputs.slice(0, -1).map(({ name }) =>
        [next(name!), output.get(`state.${name}`)!] as const
      ),
      [next(STEP), after!],
      ["loss", output.get("loss")!],
      ...names.map((name) =>
        [METRIC + name, wide(output.get(METRIC + name)!)] as const
      ),
    ],
  }, { name: "step" });
}

function wide(value: Value): Value {
  const { dtype, shape } = value;
  if (dtype === "float64") return value;
  const to = ONNX_TYPE.float64;
  return newNode("Cast", [value], { to }, [{ dtype: "float64", shape }])[0]!;
}
