/**
 * How the outputs of a file's graph grow with its weights.
 *
 * @module
 */

import { hostTensor } from "../file/model.ts";
import { isFloat } from "../reading/node_reads.ts";
import { toNumbers } from "../../numeric/tensor.ts";
import { type Degree, degreesIn, type NamedGraph } from "./degrees.ts";

/**
 * The degree of each value of a graph, all `weights` being scaled together; what
 * is 0 in the file is any power of α times itself.
 *
 * @param graph The graph.
 * @param weights As {@link degreesIn} takes them.
 * @returns By name; values behind an operator without a rule are missing.
 */
export function degreesOf(
  graph: NamedGraph,
  weights: readonly string[] | Readonly<Record<string, number>>,
): Map<string, Degree> {
  return degreesIn(graph, weights, isZero);
}

function isZero(tensor: NamedGraph["initializer"][number]): boolean {
  if (!("dataType" in tensor) || !isFloat(tensor.dataType)) return false;
  return toNumbers(hostTensor(tensor)).every((x) => x === 0);
}
