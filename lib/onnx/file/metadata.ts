import type { HostTensor } from "../../numeric/tensor.ts";
import { newInput } from "../../trace/graph.ts";
import { encodeModel, modelOf, type ModelProto } from "./model.ts";

/** Keys of what groklab writes into metadata_props, each value JSON. */
export const METADATA = {
  config: "groklab.config",
  step: "groklab.step",
  metrics: "groklab.metrics",
  buffers: "groklab.buffers",
} as const;

/** What stands before the names of tensors that are outputs of their own file. */
export const VALUE = "value.";

/** What a checkpoint says about where it comes from. */
export interface CheckpointMetadata {
  /** The resolved config. */
  readonly config?: unknown;
  /** Updates made so far. */
  readonly step?: number;
  /** The metrics at this step. */
  readonly metrics?: unknown;
  /** Which initializers are no parameters, but running statistics. */
  readonly buffers?: readonly string[];
}

/**
 * What a key of a file's metadata holds, parsed from JSON, or undefined.
 *
 * @param model A file that is decoded.
 * @param key Which value: `config`, `step`, `metrics` or `buffers`.
 */
export function metadataOf(
  { metadataProps }: ModelProto,
  key: keyof typeof METADATA,
): unknown {
  const entry = metadataProps.find((entry) => entry.key === METADATA[key]);
  try {
    return entry && JSON.parse(entry.value);
  } catch {
    return undefined; // Written by another tool under the same key.
  }
}

/**
 * Tensors by name as an ONNX file: a graph of initializers that are its outputs.
 * The optimizer's state is kept so, beside the checkpoint it belongs to.
 *
 * ```ts
 * import {
 *   decodeTensors,
 *   encodeTensors,
 *   hostTensorOf,
 * } from "@groklab/groklab/onnx";
 * import { assertEquals } from "@std/assert";
 *
 * const x = hostTensorOf("float32", [2], [1, 2]);
 * const { tensors } = decodeTensors(
 *   encodeTensors("state", { x }),
 *   "state.onnx",
 * );
 * assertEquals(tensors["x"]!.data, x.data);
 * ```
 *
 * @param name The graph's name.
 * @param tensors The tensors.
 */
export function encodeTensors(
  name: string,
  tensors: Readonly<Record<string, HostTensor>>,
): Uint8Array<ArrayBuffer> {
  const values = Object.entries(tensors).map(([name, tensor]) =>
    newInput(VALUE + name, tensor)
  );
  return encodeModel(modelOf({
    inputs: values,
    outputs: Object.keys(tensors).map((name, i) => [name, values[i]!]),
  }, {
    name,
    initializers: Object.fromEntries(
      Object.entries(tensors).map(([name, t]) => [VALUE + name, t]),
    ),
  }));
}
