/**
 * Copying checkpoints out of runs.
 *
 * @module
 */

import { extname } from "node:path";
import { readExternalData } from "../onnx/file/external_data.ts";
import { decodeModel } from "../onnx/file/model.ts";
import { ProbeModel } from "../onnx/inspect/probe_model.ts";
import { UsageError } from "../base/errors.ts";
import {
  checkArgument,
  checkOptions,
  type Checks,
  flag,
  list,
  pathCheck,
  whole,
} from "../base/options.ts";
import { checkPlace, writeWhole } from "../base/files.ts";
import { fileInRun, readVerified } from "../base/verified.ts";
import { findCheckpoint } from "./read.ts";

/** What to copy, and how. */
export interface ExportOptions {
  /** Which checkpoint of the run; by default the last. */
  readonly step?: number;
  /** Activations that become outputs beside the logits. */
  readonly hooks?: readonly string[];
  /** Replace the file if it is there. */
  readonly overwrite?: boolean;
}

const EXPORT: Checks<ExportOptions> = {
  step: whole(0),
  hooks: list,
  overwrite: flag,
};

/**
 * Copies a checkpoint to a file of its own; without hooks byte by byte, unless it
 * has weights in files beside it: these are carried in.
 *
 * ```ts
 * import { exportCheckpoint, train } from "@groklab/groklab";
 * import { assert } from "@std/assert";
 *
 * const run = await Deno.makeTempDir();
 * await train({ modulus: 7, hidden: [16], steps: 10 }, { run });
 * // With the first layer's activations as a second output.
 * const hooks = ["layers.0.hook_post"];
 * const file = await exportCheckpoint(run, `${run}/with.onnx`, { hooks });
 * assert((await Deno.stat(file)).isFile);
 * ```
 *
 * @param source A run folder or an .onnx file.
 * @param out The file to write, which ends in .onnx; its folder is there.
 * @param options Step and hooks.
 * @returns The checkpoint that was copied.
 * @throws {FileError} if there is no such checkpoint, or it is damaged.
 * @throws {UsageError} if the file is there already, its folder is not, its name
 * ends otherwise, or the model has no activation of a name.
 */
export async function exportCheckpoint(
  source: string,
  out: string,
  options: ExportOptions = {},
): Promise<string> {
  checkArgument("exportCheckpoint()", "source", source, pathCheck);
  checkArgument("exportCheckpoint()", "out", out, pathCheck);
  checkOptions("exportCheckpoint()", options, EXPORT);
  const { step, hooks = [], overwrite = false } = options;
  const ending = extname(out);
  if (ending.toLowerCase() !== ".onnx") {
    throw new UsageError(
      `Cannot write ${out}: what is written is ONNX, and ` +
        (ending === ""
          ? "its name must end in .onnx"
          : `the file's name must end in .onnx, got ${ending}`),
    );
  }
  await checkPlace(out);
  const owner = await fileInRun(out);
  if (owner) {
    throw new UsageError(
      `Cannot write ${out}: it is the place of a file of the run ${
        owner[0]
      }; ` +
        "choose another with --out",
    );
  }
  const path = await findCheckpoint(source, step);
  const bytes = await readVerified(path);
  const model = decodeModel(bytes, path);
  // Alone, a file that has its weights beside it would have none.
  const beside = await readExternalData(model, path);
  const contents = hooks.length === 0 && !beside
    ? bytes
    : new ProbeModel(model, path).encodeWithOutputs(hooks);
  const there = await Deno.stat(out).then(() => true, () => false);
  if (there && !overwrite) {
    throw new UsageError(
      `Cannot write ${out}: the file exists; replace it with --overwrite`,
    );
  }
  await writeWhole(out, contents);
  return path;
}
