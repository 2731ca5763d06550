/**
 * Small things that a card does in fewer operations when they are written
 * otherwise.
 *
 * @module
 */

import { type Graph, GraphBuilder, type Node, type Value } from "../graph.ts";
import { binary } from "../operators/lowering.ts";
import { nodesFor } from "../graph_walk.ts";
import { rewrite } from "../rewrite.ts";
import { isOne } from "./alike.ts";
import { endToEnd, picked } from "./uploads.ts";

type Rewriting = (
  g: GraphBuilder,
  node: Node,
  operands: readonly Value[],
  isUsedOnce: (x: Value) => boolean,
) => Value | undefined;

/**
 * Writes products of what is transposed as such, elements that are picked as
 * looked up, tensors of unequal lengths laid end to end as put in one after the
 * other, and what is multiplied by several numbers as multiplied by their product.
 *
 * @param graph The graph of a step.
 */
export function rewritten(graph: Graph): Graph {
  const g = new GraphBuilder();
  const made = graph.outputs.map(([, value]) => value);
  const uses = new Map<Value, number>();
  const use = (x: Value) => uses.set(x, (uses.get(x) ?? 0) + 1);
  made.forEach(use);
  for (const { inputs } of nodesFor(made)) inputs.forEach(use);
  return {
    inputs: graph.inputs,
    outputs: rewrite(graph, new Map(), (node, operands) => {
      const made = REWRITINGS[node.op]?.(
        g,
        node,
        operands,
        (x) => uses.get(x) === 1,
      );
      return made && [made];
    }),
  };
}

// A product of transposed matrices, whose kernel transposes.
const ofTransposed: Rewriting = (g, { attributes, outputs }, operands) => {
  const sides = operands.slice(0, 2);
  const bare = sides.map((x) =>
    x.node?.op === "Transpose" && x.name === undefined ? x.node.inputs[0]! : x
  );
  if (bare.every((x, i) => x === sides[i])) return undefined;
  const flips = ["transA", "transB"].map((name, i) => {
    const flipped = bare[i] === sides[i] ? 0 : 1;
    return [name, Number(attributes[name] ?? 0) ^ flipped] as const;
  });
  return g.emit(
    "Gemm",
    [...bare, ...operands.slice(2)],
    { ...attributes, ...Object.fromEntries(flips) },
    outputs[0]!,
  );
};

// A number times a tensor that is a number times another: the numbers first, which
// may be known before.
const numbersFirst: Rewriting = (g, node, operands, isUsedOnce) => {
  const outer = parted(operands);
  if (!outer || outer.x.node?.op !== "Mul" || outer.x.name !== undefined) {
    return undefined;
  }
  const before = node.inputs[operands.indexOf(outer.x)]!;
  const inner = isUsedOnce(before) ? parted(outer.x.node.inputs) : undefined;
  if (!inner) return undefined;
  return binary(
    g,
    "Mul",
    binary(g, "Mul", outer.number, inner.number),
    inner.x,
  );
};

// A number and a tensor that is none.
function parted([a, b]: readonly Value[]) {
  if (isOne(a!) === isOne(b!)) return undefined;
  const [number, x] = isOne(a!) ? [a!, b!] : [b!, a!];
  return number.shape.length <= x.shape.length ? { number, x } : undefined;
}

const REWRITINGS: Readonly<Record<string, Rewriting>> = {
  Gemm: ofTransposed,
  GatherND: picked,
  Concat: endToEnd,
  Mul: numbersFirst,
};
