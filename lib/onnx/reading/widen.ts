/**
 * Files that compute in float16 or bfloat16, made to compute in float32: neither
 * has kernels of its own on a processor, and no array of theirs goes in or out.
 *
 * @module
 */

import {
  type AttributeProto,
  AttributeProtoSchema,
  type GraphProto,
  type NodeProto,
  type ValueInfoProto,
} from "../file/protobuf.ts";
import { changed, subgraphsOf } from "./nodes.ts";
import { widened, widerType } from "./tensors.ts";

// Attributes that name an element type.
const TYPES = ["to", "dtype", "output_dtype", "stash_type"];

/** Changes a graph, in place, so that what was a short float is float32. */
export function widen(graph: GraphProto): void {
  graph.initializer = graph.initializer.map(widened);
  graph.input.forEach(widenInfo);
  graph.output.forEach(widenInfo);
  graph.valueInfo.forEach(widenInfo);
  graph.node.forEach(widenNode);
}

function widenNode(node: NodeProto): void {
  node.attribute = node.attribute.map(wide);
  subgraphsOf(node).forEach(widen);
}

function wide(attribute: AttributeProto): AttributeProto {
  const { name, i, t } = attribute;
  if (t) return changed(AttributeProtoSchema, attribute, { t: widened(t) });
  return TYPES.includes(name)
    ? changed(AttributeProtoSchema, attribute, {
      i: BigInt(widerType(Number(i))),
    })
    : attribute;
}

function widenInfo({ type }: ValueInfoProto): void {
  if (type?.value.case !== "tensorType") return;
  const { value } = type.value;
  value.elemType = widerType(value.elemType);
}
