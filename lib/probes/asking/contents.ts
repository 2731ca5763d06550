/**
 * What an ONNX file has, by name.
 *
 * @module
 */

import { checkArgument, checkOptions, pathCheck } from "../../base/options.ts";
import { loadProbeModel } from "../../onnx/inspect/load_probe_model.ts";
import type { ConstantTensor } from "../../onnx/reading/mod.ts";
import type { ValueSpec } from "../../onnx/runtime/feeds.ts";
import { SESSION, type SessionOptions } from "../../onnx/runtime/options.ts";

/** What an ONNX file has. Free lengths of shapes are names. */
export interface Contents {
  /** The file. */
  readonly source: string;
  /** The inputs that must be given. */
  readonly inputs: readonly ValueSpec[];
  /** The outputs. */
  readonly outputs: readonly ValueSpec[];
  /** The weights. */
  readonly weights: readonly ValueSpec[];
  /** Tensors of floats that are no weights, and why. */
  readonly constants: readonly ConstantTensor[];
  /** What holds weights that cannot be read, in words. */
  readonly unread: readonly string[];
  /** The marked activations; of a file that marks none every value. */
  readonly activations: readonly ValueSpec[];
}

/**
 * Lists what an ONNX file has.
 *
 * @param path The file.
 * @param options Which ONNX Runtime says the shapes.
 * @throws {FileError} if it cannot be read.
 * @throws {SyntaxError} if it is no ONNX model, or ONNX Runtime refuses it.
 */
export async function contentsOf(
  path: string,
  options: SessionOptions = {},
): Promise<Contents> {
  checkArgument("contentsOf()", "path", path, pathCheck);
  checkOptions("contentsOf()", options, SESSION);
  const model = await loadProbeModel(path, options);
  try {
    return {
      source: path,
      inputs: await model.inputs(),
      outputs: await model.outputs(),
      weights: model.weightNames.map((name) => {
        const { dtype, shape } = model.tensor(name);
        return { name, dtype, shape };
      }),
      constants: model.constants,
      unread: model.unread,
      activations: await model.hooks(),
    };
  } finally {
    await model.close();
  }
}
