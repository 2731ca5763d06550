/**
 * How the outputs of a graph grow with its weights, read off the graph: of a file,
 * or one that was traced. What reads files is not loaded for it.
 *
 * @module
 */

import { maxOf, minOf } from "../../base/extremes.ts";
import type { NodeProto, TensorProto } from "../file/model.ts";
import { isOp, readsOf, subgraphsOf } from "../reading/node_reads.ts";

/** Of a graph what degrees are read off: a file's, or one that was traced. */
export interface NamedGraph {
  readonly input: readonly { readonly name: string }[];
  readonly initializer: readonly (TensorProto | { readonly name: string })[];
  readonly node: readonly (NodeProto | NamedNode)[];
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
// 0 is any power of α times itself.
const ZERO: Degree = { lowest: 0, highest: 0, homogeneous: true };

type Rule = (inputs: readonly Degree[]) => Degree | undefined;

const same: Rule = ([x]) => x!;
const product = (xs: readonly Degree[]): Degree =>
  xs.includes(ZERO) ? ZERO : {
    lowest: xs.reduce((sum, x) => sum + x.lowest, 0),
    highest: xs.reduce((sum, x) => sum + x.highest, 0),
    homogeneous: xs.every((x) => x.homogeneous),
  };
const sum = (all: readonly Degree[]): Degree => {
  const xs = all.filter((x) => x !== ZERO);
  if (xs.length === 0) return ZERO;
  const lowest = minOf(xs.map((x) => x.lowest));
  const highest = maxOf(xs.map((x) => x.highest));
  const homogeneous = lowest === highest && xs.every((x) => x.homogeneous);
  return { lowest, highest, homogeneous };
};
const inert = (x: Degree) => x.highest === 0 && x.lowest === 0;
// Bounded functions: of what does not depend on the weights they are constants.
const bounded = ([x]: readonly Degree[]): Degree => ({
  ...CONSTANT,
  homogeneous: inert(x!) && x!.homogeneous,
});
// On which side of 0 something is no factor changes.
const compared: Rule = (xs) =>
  xs.includes(ZERO) && xs.every((x) => x.homogeneous) ? CONSTANT : undefined;

function affine([a, b, c]: readonly Degree[]): Degree {
  const ab = product([a!, b!]);
  return c ? sum([ab, c]) : ab;
}

const RULES: Readonly<Record<string, Rule>> = {
  Add: sum,
  Sub: sum,
  Sum: sum,
  Concat: sum,
  Max: sum,
  Min: sum,
  Mean: sum,
  MatMul: product,
  Mul: product,
  Einsum: product,
  Gemm: affine,
  Conv: affine,
  BatchNormalization: ([x, scale, bias]) =>
    sum([product([x!, scale!]), scale!, bias!]),
  PRelu: ([x, slope]) => sum([x!, product([x!, slope!])]),
  Where: ([condition, x, y]) => inert(condition!) ? sum([x!, y!]) : undefined,
  // As a ReLU is written: from 0 on.
  Clip: (xs) => xs.length === 2 && xs[1] === ZERO ? xs[0] : undefined,
  Greater: compared,
  GreaterOrEqual: compared,
  Less: compared,
  LessOrEqual: compared,
  Div: ([a, b]) => ({
    lowest: a!.lowest - b!.highest,
    highest: a!.highest - b!.lowest,
    homogeneous: a!.homogeneous && b!.homogeneous,
  }),
  ...Object.fromEntries(
    [
      "Abs",
      "Cast",
      "CastLike",
      "CumSum",
      "Dropout",
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
      "Tile",
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
  // Whatever the weights are, a shape is the same.
  Shape: () => CONSTANT,
  Size: () => CONSTANT,
};

/**
 * The degree of each value of a graph, all `weights` being scaled together.
 *
 * @param graph The graph.
 * @param weights Names of the initializers that are scaled, by α each, or with the
 * power of α that each is scaled by.
 * @param isZero Whether an initializer is known to be 0 everywhere.
 * @returns By name; values behind an operator without a rule are missing.
 */
export function degreesIn(
  graph: NamedGraph,
  weights: readonly string[] | Readonly<Record<string, number>>,
  isZero: (tensor: NamedGraph["initializer"][number]) => boolean,
): Map<string, Degree> {
  const degrees = new Map<string, Degree>();
  for (const { name } of graph.input) degrees.set(name, CONSTANT);
  for (const tensor of graph.initializer) {
    degrees.set(tensor.name, isZero(tensor) ? ZERO : CONSTANT);
  }
  const powers = Array.isArray(weights)
    ? weights.map((name) => [name, 1] as const)
    : Object.entries<number>(weights as Record<string, number>);
  for (const [name, power] of powers) {
    degrees.set(name, { lowest: power, highest: power, homogeneous: true });
  }
  for (const node of graph.node) walk(node, degrees);
  return degrees;
}

function walk(
  node: NodeProto | NamedNode,
  degrees: Map<string, Degree>,
): void {
  if (node.opType === "If" && "attribute" in node) {
    const outputs = branches(node, degrees);
    node.output.forEach((name, i) => {
      if (outputs?.[i]) degrees.set(name, outputs[i]);
    });
    return;
  }
  const degree = degreeOf(node, degrees);
  if (degree) node.output.forEach((name) => degrees.set(name, degree));
}

// Whichever branch is taken.
function branches(
  node: NodeProto,
  degrees: ReadonlyMap<string, Degree>,
): (Degree | undefined)[] | undefined {
  const condition = degrees.get(node.input[0]!);
  if (!condition || !inert(condition) || !condition.homogeneous) {
    return undefined;
  }
  const ends = subgraphsOf(node).map((graph) => {
    const inner = new Map(degrees);
    for (const each of graph.node) walk(each, inner);
    return graph.output.map(({ name }) => inner.get(name));
  });
  return node.output.map((_, i) => {
    const all = ends.map((end) => end[i]);
    return all.every((x) => x !== undefined) ? sum(all) : undefined;
  });
}

function degreeOf(
  node: NodeProto | NamedNode,
  degrees: ReadonlyMap<string, Degree>,
): Degree | undefined {
  const { opType } = node;
  const reads = "attribute" in node
    ? readsOf(node)
    : node.input.filter((name) => name !== "");
  const inputs = reads.map((name) => degrees.get(name));
  if (!inputs.every((degree) => degree !== undefined)) return undefined;
  const own = !("domain" in node) || isOp(node, opType);
  return (own ? RULES[opType]?.(inputs) : undefined) ??
    // Whatever the operator, nothing scaled goes in and nothing comes out.
    (inputs.every(inert) ? CONSTANT : undefined);
}
