/**
 * How the outputs of a graph grow with its weights, read off the graph.
 *
 * @module
 */

import { maxOf, minOf } from "../extremes.ts";

/** Of a graph what degrees are read off: a file's, or one that was traced. */
export interface NamedGraph {
  readonly input: readonly { readonly name: string }[];
  readonly initializer: readonly { readonly name: string }[];
  readonly node: readonly NamedNode[];
}

interface NamedNode {
  readonly opType: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
}

/**
 * Degrees of a value as a function of all weights together: scaled by α, it
 * consists of parts that grow like α^lowest up to α^highest.
 */
export interface Degree {
  readonly lowest: number;
  readonly highest: number;
  /** Whether it is exactly α^highest times itself, for every α > 0. */
  readonly homogeneous: boolean;
}

const CONSTANT: Degree = { lowest: 0, highest: 0, homogeneous: true };

type Rule = (inputs: readonly Degree[]) => Degree;

const same: Rule = ([x]) => x!;
const product: Rule = (xs) => ({
  lowest: xs.reduce((sum, x) => sum + x.lowest, 0),
  highest: xs.reduce((sum, x) => sum + x.highest, 0),
  homogeneous: xs.every((x) => x.homogeneous),
});
const sum: Rule = (xs) => {
  const lowest = minOf(xs.map((x) => x.lowest));
  const highest = maxOf(xs.map((x) => x.highest));
  const homogeneous = lowest === highest && xs.every((x) => x.homogeneous);
  return { lowest, highest, homogeneous };
};
// Bounded functions: of what does not depend on the weights they are constants.
const bounded: Rule = ([x]) => ({
  ...CONSTANT,
  homogeneous: x!.highest === 0 && x!.homogeneous,
});

const RULES: Readonly<Record<string, Rule>> = {
  Add: sum,
  Sub: sum,
  Sum: sum,
  Concat: sum,
  Max: sum,
  Min: sum,
  MatMul: product,
  Mul: product,
  Gemm: ([a, b, c]) => {
    const ab = product([a!, b!]);
    return c ? sum([ab, c]) : ab;
  },
  Div: ([a, b]) => ({
    lowest: a!.lowest - b!.highest,
    highest: a!.highest - b!.lowest,
    homogeneous: a!.homogeneous && b!.homogeneous,
  }),
  ...Object.fromEntries(
    [
      "Abs",
      "Cast",
      "Expand",
      "Flatten",
      "Gather",
      "Identity",
      "LeakyRelu",
      "Neg",
      "ReduceMax",
      "ReduceMean",
      "ReduceSum",
      "Relu",
      "Reshape",
      "Slice",
      "Split",
      "Squeeze",
      "Transpose",
      "Unsqueeze",
    ].map((op) => [op, same]),
  ),
  ...Object.fromEntries(
    ["Sigmoid", "Softmax", "Tanh", "Erf"].map((op) => [op, bounded]),
  ),
  LayerNormalization: ([x, scale, bias]) => {
    const scaled = product([bounded([x!]), scale!]);
    return bias ? sum([scaled, bias]) : scaled;
  },
  Constant: () => CONSTANT,
};

/**
 * The degree of each value of a graph, all `weights` being scaled together.
 *
 * @param graph The graph.
 * @param weights Names of the initializers that are scaled, by α each, or with the
 * power of α that each is scaled by.
 * @returns By name; values behind an operator without a rule are missing.
 */
export function degreesOf(
  graph: NamedGraph,
  weights: readonly string[] | Readonly<Record<string, number>>,
): Map<string, Degree> {
  const degrees = new Map<string, Degree>();
  for (const { name } of graph.input) degrees.set(name, CONSTANT);
  for (const { name } of graph.initializer) degrees.set(name, CONSTANT);
  const powers = Array.isArray(weights)
    ? weights.map((name) => [name, 1] as const)
    : Object.entries<number>(weights as Record<string, number>);
  for (const [name, power] of powers) {
    degrees.set(name, { lowest: power, highest: power, homogeneous: true });
  }
  for (const node of graph.node) {
    const degree = degreeOf(node, degrees);
    if (degree) node.output.forEach((name) => degrees.set(name, degree));
  }
  return degrees;
}

function degreeOf(
  node: NamedNode,
  degrees: ReadonlyMap<string, Degree>,
): Degree | undefined {
  const inputs = node.input.filter((name) => name !== "")
    .map((name) => degrees.get(name));
  if (!inputs.every((degree) => degree !== undefined)) return undefined;
  // Whatever the operator, nothing scaled goes in and nothing comes out.
  const inert = inputs.every((x) => x.highest === 0 && x.lowest === 0);
  return RULES[node.opType]?.(inputs) ?? (inert ? CONSTANT : undefined);
}
