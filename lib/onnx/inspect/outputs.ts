/**
 * Values of a graph as its outputs.
 *
 * @module
 */

import {
  create,
  ModelProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "../file/protobuf.ts";
import { UsageError } from "../../base/errors.ts";
import { nearest } from "../../base/nearest.ts";
import type { ModelProto } from "../file/model.ts";
import { pruned, readsOf } from "../reading/nodes.ts";

/** Whether a value's name is that of a hook: `…hook_` and a word. */
export const isHook = (name: string) => /(^|\.)hook_\w+$/.test(name);

/**
 * The same model with other outputs, whichever values of its graph they are.
 *
 * @throws {UsageError} if the graph has no value of a name.
 */
export function withOutputs(
  model: ModelProto,
  names: readonly string[],
): ModelProto {
  const graph = model.graph!;
  const known = new Map<string, ValueInfoProto>(
    [...graph.valueInfo, ...graph.output].map((info) => [info.name, info]),
  );
  // An output may be a constant, of which no node is left.
  const made = new Set([
    ...graph.node.flatMap((node) => node.output),
    ...graph.output.map(({ name }) => name),
  ]);
  const output = names.map((name) => {
    if (!made.has(name)) {
      const hooks = [...made].filter(isHook);
      throw new UsageError(
        `Cannot take ${name} as an output: the graph has no such value, ` +
          nearest(name, hooks.length > 0 ? hooks : [...made]),
      );
    }
    // Without a declared type ONNX Runtime infers it.
    return known.get(name) ?? create(ValueInfoProtoSchema, { name });
  });
  const promoted = new Set(names);
  // The tensors are shared: nothing here changes them.
  return create(ModelProtoSchema, {
    ...model,
    graph: {
      ...graph,
      output,
      input: [...graph.input],
      valueInfo: [...graph.valueInfo, ...graph.output]
        .filter((info) => !promoted.has(info.name)),
    },
  });
}

/**
 * The same, with no more nodes, tensors and inputs than the outputs are made of.
 *
 * @throws {UsageError} if the graph has no value of a name.
 */
export function onlyOutputs(
  whole: ModelProto,
  names: readonly string[],
): ModelProto {
  const model = withOutputs(whole, names);
  const graph = model.graph!;
  Object.assign(graph, pruned(graph, names));
  const read = new Set([...graph.node.flatMap(readsOf), ...names]);
  graph.input = graph.input.filter(({ name }) => read.has(name));
  return model;
}
