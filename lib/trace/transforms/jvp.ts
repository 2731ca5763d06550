/**
 * Directional derivatives of a traced function: forward-mode automatic
 * differentiation of its graph, operator by operator.
 *
 * Of the graph of a gradient this is the Hessian times a vector, exactly: no
 * derivative is TensorFlow.js's second, of which version 4.22 has some wrong.
 *
 * @module
 */

import {
  type Graph,
  GraphBuilder,
  isFloat,
  newInput,
  type Value,
} from "../graph.ts";
import { nodesFor } from "../graph_walk.ts";
import { expand, like } from "../operators/lowering.ts";
import { rules } from "./jvp_rules.ts";

/** What stands before the names of directions and of derivatives. */
export const TANGENT = "tangent.";

/**
 * The derivative of a function along a direction: with f the graph's function
 * and v the direction, ∂f(x + t·v)/∂t at t = 0.
 *
 * Where a function has a kink (ReLU at 0, the larger of two equal numbers) it is
 * the derivative that reverse mode has there; steps, comparisons and rounding
 * have none.
 *
 * Source: Griewank & Walther, Evaluating Derivatives (2008), Section 3.1; of a
 * gradient's graph, Pearlmutter, Neural Computation 6 (1994).
 *
 * ```ts
 * import {
 *   encodeModel,
 *   hostTensorOf,
 *   modelOf,
 *   openSession,
 * } from "@groklab/groklab/onnx";
 * import { jvp, TANGENT, trace } from "@groklab/groklab/trace";
 * import { assertEquals } from "@std/assert";
 * import * as tf from "@tensorflow/tfjs-core";
 *
 * // The Hessian of Σ x³ times v: the derivative of 3x² along v, 6x·v.
 * const gradient = trace(
 *   ({ x }) => ({ g: tf.grad((x) => tf.sum(tf.mul(x, tf.mul(x, x))))(x) }),
 *   { x: { dtype: "float64", shape: [2] } },
 * );
 * const model = modelOf(jvp(gradient, (name) => name === "x"), { name: "Hv" });
 * const session = await openSession(encodeModel(model));
 * const results = await session.run({
 *   x: hostTensorOf("float64", [2], [1, 2]),
 *   [`${TANGENT}x`]: hostTensorOf("float64", [2], [1, -1]),
 * });
 * assertEquals([...results[`${TANGENT}g`]!.data], [6, -12]);
 * await session.close();
 * ```
 *
 * @param graph A traced graph f.
 * @param moves Which inputs the direction moves; they must be floats.
 * @returns A graph whose inputs are f's and, for each that moves, the direction
 * `tangent.NAME`; its outputs are the derivatives `tangent.NAME` of f's outputs.
 * @throws {TypeError} if an operator has no rule here.
 */
export function jvp(
  graph: Graph,
  moves: (name: string) => boolean,
): Graph {
  const g = new GraphBuilder();
  const directions: Value[] = [];
  const tangents = new Map<Value, Value>();
  for (const input of graph.inputs) {
    if (!moves(input.name!)) continue;
    const direction = newInput(TANGENT + input.name!, input);
    directions.push(direction);
    tangents.set(input, direction);
  }
  for (const node of nodesFor(graph.outputs.map(([, value]) => value))) {
    const dx = node.inputs.map((value) => tangents.get(value));
    if (dx.every((value) => value === undefined)) continue;
    if (!node.outputs.some(isFloat)) continue; // Nothing of it is continuous.
    const rule = rules[node.op];
    if (!rule) {
      throw new TypeError(
        `Cannot differentiate ${node.op}: it has no rule in forward mode. ` +
          `Operators with one: ${Object.keys(rules).sort().join(", ")}`,
      );
    }
    rule({ g, node, x: node.inputs, dx }).forEach((tangent, i) => {
      const value = node.outputs[i]!;
      // Where an operand was repeated, so is its tangent.
      if (tangent) tangents.set(value, expand(g, tangent, value.shape));
    });
  }
  return {
    inputs: [...graph.inputs, ...directions],
    outputs: graph.outputs.map(([name, value]) => [
      TANGENT + name,
      tangents.get(value) ?? expand(g, like(g, value, 0), value.shape),
    ]),
  };
}
