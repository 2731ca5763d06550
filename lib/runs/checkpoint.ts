/**
 * Checkpoints: a model's forward pass as an ONNX file.
 *
 * @module
 */

import type * as tf from "@tensorflow/tfjs-core";
import type { Model } from "../../models/model.ts";
import { nameTensor, trace } from "../trace/backend.ts";
import { foldConstants } from "../onnx/runtime/fold.ts";
import { newInput } from "../trace/graph.ts";
import { specsOf } from "../onnx/runtime/compile.ts";
import {
  type BatchGraph,
  traceForAnyBatch,
} from "../trace/transforms/any_batch.ts";
import type { Tree } from "../base/tree.ts";
import { encodeModel, modelOf, type ModelProto } from "../onnx/file/model.ts";
import type { Runtime } from "../onnx/runtime/session.ts";
import type { HostTensor } from "../numeric/tensor.ts";

// What is cheaper to compute again than to store.
const LARGEST_CONSTANT = 4096;

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

/** What a key of a file's metadata holds, parsed from JSON, or undefined. */
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

/** Writes checkpoints of one model: the forward pass is traced once. */
export interface CheckpointWriter {
  /**
   * The bytes of a checkpoint: the forward pass with parameters and buffers as
   * initializers under their paths, activations under their hooks' names, a
   * free batch dimension and one output, `logits`.
   *
   * @param params Parameters and buffers, by path.
   * @param metadata What to carry along.
   */
  encode(
    params: Readonly<Record<string, HostTensor>>,
    metadata: CheckpointMetadata,
  ): Uint8Array<ArrayBuffer>;
}

/**
 * Traces a model's forward pass for checkpoints.
 *
 * @param model The architecture.
 * @param params Its parameters; here only their types and shapes matter.
 * @param runtime Which build of ONNX Runtime folds the constants.
 */
export async function checkpointWriter(
  model: Model,
  params: Tree<HostTensor>,
  runtime: Runtime = "node",
): Promise<CheckpointWriter> {
  const { graph, shapeOf } = await traceForward(model, params, runtime);
  return {
    encode(initializers, { config, step, metrics, buffers }) {
      const metadata: Record<string, string> = {};
      const all = { config, step, metrics, buffers };
      for (const [key, value] of Object.entries(all)) {
        if (value !== undefined) {
          metadata[METADATA[key as keyof typeof METADATA]] = JSON.stringify(
            value,
          );
        }
      }
      return encodeModel(modelOf(graph, {
        name: "groklab",
        metadata,
        shapeOf,
        initializers,
      }));
    },
  };
}

function traceForward(
  { input, row, apply }: Model,
  params: Tree<HostTensor>,
  runtime: Runtime,
): Promise<BatchGraph> {
  return traceForAnyBatch((batch) =>
    foldConstants(
      trace(
        // The parameters' own paths are their names, so they stand at the top.
        ({ [input]: x, ...params }) => ({
          logits: apply(params as Tree<tf.Tensor>, x as tf.Tensor, nameTensor),
        }),
        {
          ...specsOf(params),
          [input]: { dtype: row.dtype, shape: [batch, ...row.shape] },
        },
        // Tokens are the vocabulary's.
        { indicesInRange: true },
      ),
      LARGEST_CONSTANT,
      runtime,
    )
  );
}

/**
 * Tensors by name as an ONNX file: a graph of initializers that are its outputs.
 * The optimizer's state is kept so, beside the checkpoint it belongs to.
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
