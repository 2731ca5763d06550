/**
 * Steps without their data, so that those of runs that differ in the data are the
 * same model.
 *
 * @module
 */

import type { HostTensor } from "../../numeric/tensor.ts";
import { type Graph, newInput, type Value } from "../../trace/graph.ts";
import { nodesFor } from "../../trace/graph_walk.ts";
import { rewrite } from "../../trace/rewrite.ts";

/** A step, and what it takes in beside the state and the step's number. */
export interface SeparateStep {
  /** The step; the data are no inputs of its own, but values of the graph around. */
  readonly step: Graph;
  /** The data. */
  readonly data: ReadonlyMap<Value, HostTensor>;
}

// Which rows are meant: whether ONNX Runtime knows them beforehand changes nothing
// in what these operators compute, and nothing in how it computes the rest.
const PLACES: ReadonlySet<string> = new Set([
  "Gather 1",
  "GatherND 1",
  "ScatterND 1",
  "Equal 1",
]);

// Shapes, axes and such are smaller.
const SMALLEST = 16;

/**
 * Takes the data out of a step: labels, tokens and the tables of rows that are summed.
 * What else depends on them stays as it is, and so do data that are numbers: a
 * product with a constant is prepared in another way.
 *
 * @param step A traced step, constants folded.
 * @param loop The number of its loop: the data have names of their own.
 */
export function withoutData(step: Graph, loop: number): SeparateStep {
  const found = new Set<Value>();
  const others = new Set<Value>(step.outputs.map(([, value]) => value));
  for (const { op, inputs } of nodesFor([...others])) {
    for (const [i, value] of inputs.entries()) {
      (PLACES.has(`${op} ${i}`) ? found : others).add(value);
    }
  }
  const inputs = new Map<Value, Value>();
  const data = new Map<Value, HostTensor>();
  for (const value of found) {
    const { dtype, shape, data: contents } = value;
    if (!contents || contents.length < SMALLEST || others.has(value)) continue;
    const input = newInput(`data.${loop}.${data.size}`, { dtype, shape });
    if (value.freeAxis !== undefined) input.freeAxis = value.freeAxis;
    inputs.set(value, input);
    data.set(input, { dtype, shape, data: contents });
  }
  return {
    step: { inputs: step.inputs, outputs: rewrite(step, inputs) },
    data,
  };
}
