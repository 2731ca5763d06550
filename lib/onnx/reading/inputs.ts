/**
 * Inputs as they can be given: of element types that have arrays here, with a
 * first axis of any length where the file declares none that could be.
 *
 * @module
 */

import type { GraphProto, ValueInfoProto } from "onnx-buf";
import { inputOf } from "../graph_writer.ts";
import { nodeOf, TYPE } from "./nodes.ts";

const GIVEN = [TYPE.float32, TYPE.float64, TYPE.int32, TYPE.int64, TYPE.bool];

/**
 * Changes a graph's inputs, in place: other integers are given as int64 and cast,
 * and axes that are declared to have no element, or fewer, have any number.
 */
export function openInputs(graph: GraphProto): void {
  const declared = [graph.input, graph.output, graph.valueInfo];
  declared.flat().forEach(freeAxes);
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

function freeAxes({ type }: ValueInfoProto): void {
  if (type?.value.case !== "tensorType") return;
  for (const dim of type.value.value.shape?.dim ?? []) {
    const { value } = dim;
    if (value.case === "dimValue" && value.value <= 0n) {
      dim.value = { case: "dimParam", value: "" };
    }
  }
}
