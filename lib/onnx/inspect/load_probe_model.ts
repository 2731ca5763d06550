/**
 * Opening ONNX files for looking inside.
 *
 * @module
 */

import { readVerified } from "../../base/verified.ts";
import { checkArgument, checkOptions, pathCheck } from "../../base/options.ts";
import { readExternalData } from "../file/external_data.ts";
import { metadataOf } from "../file/metadata.ts";
import { decodeModel } from "../file/model.ts";
import { checkFileSize } from "../file/size.ts";
import { readForeign } from "../reading/mod.ts";
import { NO_ALIASES } from "./aliases.ts";
import { PROBE_MODEL, type ProbeModelOptions } from "./options.ts";
import { ProbeModel } from "./probe_model.ts";

/**
 * Opens an ONNX file for probing. One that groklab did not write is read first:
 * its weights are found wherever they stand, and what it computes in float16 or
 * bfloat16 is computed in float32.
 *
 * ```ts
 * import { loadProbeModel, ProbeContext, train } from "@groklab/groklab";
 * import { assertEquals } from "@std/assert";
 *
 * const { checkpoint } = await train(
 *   { modulus: 7, hidden: [16], steps: 10 },
 *   { run: await Deno.makeTempDir() },
 * );
 * const model = await loadProbeModel(checkpoint);
 * const inputs = new ProbeContext(model).inputs(); // all 49 pairs
 * const hook = "layers.0.hook_post";
 * const { [hook]: post } = await model.run(inputs, [hook]);
 * assertEquals(post!.shape, [49, 16]);
 * await model.close();
 * ```
 *
 * @param path The file.
 * @param options How to run it.
 * @throws {UsageError} if an option is unknown.
 * @throws {FileError} if it cannot be read, or a file beside it that has weights.
 * @throws {SyntaxError} if it is no ONNX model, or a name in it stands for two
 * things.
 */
export async function loadProbeModel(
  path: string,
  options: ProbeModelOptions = {},
): Promise<ProbeModel> {
  checkArgument("loadProbeModel()", "path", path, pathCheck);
  checkOptions("loadProbeModel()", options, PROBE_MODEL);
  await checkFileSize(path);
  const model = decodeModel(await readVerified(path), path);
  await readExternalData(model, path);
  if (metadataOf(model, "config") !== undefined) {
    return new ProbeModel(model, path, options);
  }
  const read = await readForeign(model, path, options);
  return new ProbeModel(read.model, path, options, NO_ALIASES, read);
}
