/**
 * Inputs as they can be given: of element types that have arrays here, with a
 * first axis of any length where the file declares none that could be.
 *
 * @module
 */

import type { GraphProto, ValueInfoProto } from "../file/protobuf.ts";
import { inputOf } from "../file/graph_writer.ts";
import { nodeOf, subgraphsOf, TYPE } from "./nodes.ts";

const GIVEN = [TYPE.float32, TYPE.float64, TYPE.int32, TYPE.int64, TYPE.bool];

/**
 * Changes a graph's inputs, in place: other integers are given as int64 and cast,
 * and axes that are declared to have no element, or fewer, have any number. What is
 * declared of values that nodes make is left out: ONNX Runtime infers it, and where
 * the file is wrong it would be refused in WebAssembly only.
 */
export function openInputs(graph: GraphProto): void {
  graph.input.forEach(freeAxes);
  undeclare(graph);
  graph.input = graph.input.map((info) => {
    if (info.type?.value.case !== "tensorType") return info;
    const { elemType, shape } = info.type.value.value;
    const known = GIVEN.some((type) => type === elemType);
    if (known || elemType === TYPE.string || !shape) return info;
    const { name } = info;
    const inner = `${name}/cast`;
    for (const node of graph.node) {
      node.input = node.input.map((read) => read === name ? inner : read);
    }
    graph.node.unshift(nodeOf("Cast", [name], inner, { to: elemType }));
    const dims = shape.dim.map(({ value }) =>
      value.case === "dimValue" ? Number(value.value) : value.value ?? ""
    );
    return inputOf(name, TYPE.int64, dims);
  });
}

function undeclare(graph: GraphProto): void {
  graph.valueInfo = [];
  for (const { type } of graph.output) {
    if (type?.value.case === "tensorType") delete type.value.value.shape;
  }
  for (const node of graph.node) subgraphsOf(node).forEach(undeclare);
}

function freeAxes({ type }: ValueInfoProto): void {
  if (type?.value.case !== "tensorType") return;
  for (const dim of type.value.value.shape?.dim ?? []) {
    const { value } = dim;
    if (value.case === "dimValue" && value.value <= 0n) {
      dim.value = { case: "dimParam", value: "" };
    }
  }
}
