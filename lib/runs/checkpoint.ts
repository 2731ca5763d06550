/**
 * Checkpoints: a model's forward pass as an ONNX file.
 *
 * @module
 */

import type * as tf from "../base/tfjs.ts";
import type { Model } from "../../models/model.ts";
import type { Tree } from "../base/tree.ts";
import type { HostTensor } from "../numeric/tensor.ts";
import { type CheckpointMetadata, METADATA } from "../onnx/file/metadata.ts";
import { encodeModel, modelOf } from "../onnx/file/model.ts";
import { specsOf } from "../onnx/runtime/compile.ts";
import { foldConstants } from "../onnx/runtime/fold.ts";
import type { Runtime } from "../settings/devices.ts";
import { nameTensor, trace } from "../trace/backend.ts";
import {
  type BatchGraph,
  traceForAnyBatch,
} from "../trace/transforms/any_batch.ts";

// What is cheaper to compute again than to store.
const LARGEST_CONSTANT = 4096;

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
