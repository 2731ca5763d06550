/**
 * Symbolic batch dimensions: a function is traced at two batch sizes, and every
 * length that moved with them belongs to the batch.
 *
 * @module
 */

import { toNumbers } from "../../numeric/tensor.ts";
import { type Graph, newConstant, newNode, type Value } from "../graph.ts";
import { nodesFor } from "../graph_walk.ts";

/** A graph for any batch size. */
export interface BatchGraph {
  /** The graph as traced at one batch size. */
  readonly graph: Graph;
  /** The shape of a value, `batch` standing for the free length. */
  shapeOf(value: Value): readonly Dim[];
}

// Two primes that no width of a network is likely to be the quotient of.
const SIZES = [7919, 10007] as const;

/**
 * Traces a function at two batch sizes and merges the graphs into one for any.
 *
 * @param traceAt Traces the function at a given batch size.
 * @throws {TypeError} if the function does something else at another size, or
 * makes a constant whose contents depend on it.
 */
export async function traceForAnyBatch(
  traceAt: (batch: number) => Promise<Graph>,
): Promise<BatchGraph> {
  const [a, b] = [await traceAt(SIZES[0]), await traceAt(SIZES[1])];
  const shapes = new Map<Value, readonly Dim[]>();
  const twin = new Map<Value, Value>();
  const pair = (x: Value, y: Value) => {
    shapes.set(x, x.shape.map((d, i) => dim(d, y.shape[i]!)));
    twin.set(x, y);
  };
  a.inputs.forEach((value, i) => pair(value, b.inputs[i]!));

  const outputs = (graph: Graph) => graph.outputs.map(([, value]) => value);
  const nodes = nodesFor(outputs(a));
  const others = nodesFor(outputs(b));
  const replaced = new Map<Value, Value>();
  const swap = (value: Value) => replaced.get(value) ?? value;
  if (nodes.length !== others.length) differs("which operations are done");
  nodes.forEach((node, n) => {
    const other = others[n]!;
    if (other.op !== node.op) differs(`whether ${node.op} is done`);
    if (JSON.stringify(other.attributes) !== JSON.stringify(node.attributes)) {
      differs(`an attribute of ${node.op}`);
    }
    const inputs = node.inputs.map((value, i) => {
      const counterpart = other.inputs[i];
      if (value.data && counterpart?.data) {
        return constantForAnyBatch(node.op, value, counterpart);
      }
      if (twin.get(value) !== counterpart) differs(`what ${node.op} takes`);
      return swap(value);
    });
    const same = inputs.every((value, i) => value === node.inputs[i]);
    const results = same
      ? node.outputs
      : newNode(node.op, inputs, node.attributes, node.outputs);
    results.forEach((value, i) => {
      const old = node.outputs[i]!;
      if (old.name !== undefined) value.name = old.name;
      if (value !== old) replaced.set(old, value);
      pair(value, other.outputs[i]!);
      twin.set(old, other.outputs[i]!);
    });
  });
  a.outputs.forEach(([name, value], i) => {
    if (!value.data && twin.get(value) !== b.outputs[i]?.[1]) {
      differs(`which value is ${name}`);
    }
  });
  return {
    graph: {
      inputs: a.inputs,
      outputs: a.outputs.map(([name, value]) => [name, swap(value)]),
    },
    shapeOf: (value) => shapes.get(value) ?? value.shape,
  };
}

function differs(what: string): never {
  throw new TypeError(
    `Cannot trace for any batch size: ${what} depends on the batch size`,
  );
}

function dim(a: number, b: number): Dim {
  if (a === b) return a;
  const factor = a / SIZES[0];
  if (factor !== b / SIZES[1]) {
    throw new TypeError(
      `Cannot trace for any batch size: a length is ${a} at ${SIZES[0]} ` +
        `and ${b} at ${SIZES[1]}, no multiple of the batch`,
    );
  }
  return factor === 1 ? "batch" : `${factor}*batch`;
}

// The shape of a Reshape may leave one length open; any other constant must be
// the same at both sizes.
function constantForAnyBatch(op: string, a: Value, b: Value): Value {
  const [x, y] = [toNumbers({ data: a.data! }), toNumbers({ data: b.data! })];
  const moved = [...x.keys()].filter((i) => !Object.is(x[i], y[i]));
  if (x.length === y.length && moved.length === 0) return a;
  if (op === "Reshape" && x.length === y.length && moved.length === 1) {
    const open = BigInt64Array.from(x.with(moved[0]!, -1), BigInt);
    return newConstant("int64", a.shape, open);
  }
  throw new TypeError(
    `Cannot trace for any batch size: ${op} takes a constant that depends ` +
      "on the batch size",
  );
}

/** A length of a shape in a file: a number, or the name of a free one. */
export type Dim = number | string;
