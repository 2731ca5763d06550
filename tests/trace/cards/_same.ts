/**
 * Graphs and what is made of them for cards.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { type HostTensor, hostTensorOf } from "../../../lib/numeric/tensor.ts";
import type { Graph } from "../../../lib/trace/graph.ts";
import { nodesFor } from "../../../lib/trace/graph_walk.ts";
import { assertClose, valuesOf } from "../../_golden.ts";
import { runGraph } from "../_graphs.ts";

/** Numbers of no pattern. */
export const f64 = (shape: readonly number[], first = 1): HostTensor =>
  hostTensorOf(
    "float64",
    shape,
    Array.from(
      { length: shape.reduce((a, b) => a * b, 1) },
      (_, i) => Math.sin(first + 0.7 * i),
    ),
  );

/** The operators of a graph but for Reshape, which no device runs. */
export const opsOf = ({ outputs }: Graph): string[] =>
  nodesFor(outputs.map(([, value]) => value)).map(({ op }) => op)
    .filter((op) => op !== "Reshape").sort();

/**
 * Asserts that a graph and what is made of it give the same, and returns the
 * operators of the latter.
 */
export async function assertSame(
  graph: Graph,
  made: Graph,
  inputs: readonly HostTensor[],
): Promise<string[]> {
  const feeds = Object.fromEntries(inputs.map((x, i) => [`x${i}`, x]));
  const [expected, actual] = [
    await runGraph(graph, feeds),
    await runGraph(made, feeds),
  ];
  for (const [name, tensor] of Object.entries(expected)) {
    assertEquals(actual[name]!.shape, tensor.shape);
    // Sums of up to 10⁴ numbers of at most 1, each off by 2⁻⁵³ of 10⁴.
    assertClose(valuesOf(actual[name]!), valuesOf(tensor), {
      relative: 0,
      absolute: 1e8 * 2 ** -53,
    }, name);
  }
  return opsOf(made);
}
