/**
 * What nodes are, and what they read. Nothing that reads or makes files is loaded
 * for it.
 *
 * @module
 */

import type { GraphProto, NodeProto } from "../file/protobuf.ts";

/** Element types of onnx.proto that are spoken of here. */
export const TYPE = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  bfloat16: 16,
} as const;

/** Whether an element type is one of floats that groklab computes with. */
export const isFloat = (type: number): boolean =>
  type === TYPE.float32 || type === TYPE.float64;

/** Whether a node is ONNX's own operator of a name. */
export function isOp(
  { domain, opType }: NodeProto,
  ...names: readonly string[]
): boolean {
  return (domain === "" || domain === "ai.onnx") && names.includes(opType);
}

/** The graphs inside a node: branches, bodies of loops. */
export function subgraphsOf({ attribute }: NodeProto): GraphProto[] {
  return attribute.flatMap(({ g, graphs }) => [...(g ? [g] : []), ...graphs]);
}

/** What a graph takes from outside itself. */
function capturesOf(
  { input, initializer, node, output }: GraphProto,
): string[] {
  const own = new Set([
    ...[...input, ...initializer].map(({ name }) => name),
    ...node.flatMap((inner) => inner.output),
  ]);
  return [...node.flatMap(readsOf), ...output.map(({ name }) => name)]
    .filter((name) => !own.has(name));
}

/** The values that a node reads, those that its subgraphs take among them. */
export function readsOf(node: NodeProto): string[] {
  return [...node.input, ...subgraphsOf(node).flatMap(capturesOf)]
    .filter((name) => name !== "");
}
