/**
 * Copying checkpoints out of runs, as they are or in other tools' formats.
 *
 * @module
 */

import { basename, extname, join } from "node:path";
import { UsageError } from "../../base/errors.ts";
import {
  checkPlace,
  describing,
  replaceFiles,
  writeWhole,
} from "../../base/files.ts";
import {
  checkArgument,
  checkOptions,
  type Checks,
  flag,
  list,
  oneOf,
  pathCheck,
  whole,
} from "../../base/options.ts";
import { checkOutput, checkUnused } from "../../base/output.ts";
import { isRun } from "../../base/sums.ts";
import { readVerified } from "../../base/verified.ts";
import {
  CHECKPOINT_FORMATS,
  type CheckpointFormat,
  TENSOR_NAMES,
  type TensorNames,
} from "../../formats/names.ts";
import { readExternalData } from "../../onnx/file/external_data.ts";
import { decodeModel } from "../../onnx/file/model.ts";
import { ProbeModel } from "../../onnx/inspect/probe_model.ts";
import { checkpointsOf, findCheckpoint } from "../read.ts";
import { encodeIn } from "./tensors.ts";

/** What to copy, and how. */
export interface ExportOptions {
  /** Which checkpoint of the run; by default the last. */
  readonly step?: number;
  /** Activations that become outputs beside the logits; of ONNX alone. */
  readonly hooks?: readonly string[];
  /** The format; by default ONNX. */
  readonly format?: CheckpointFormat;
  /**
   * Whose names the tensors have: groklab's, those of the ONNX file, by default;
   * or TransformerLens's, with which HookedTransformer loads them. Not of ONNX.
   */
  readonly names?: TensorNames;
  /** Replace the file if it is there. */
  readonly overwrite?: boolean;
}

const EXPORT: Checks<ExportOptions> = {
  step: whole(0),
  hooks: list,
  format: oneOf(CHECKPOINT_FORMATS),
  names: oneOf(TENSOR_NAMES),
  overwrite: flag,
};

/**
 * Copies a checkpoint to a file of its own: as ONNX without hooks byte by byte,
 * unless it has weights in files beside it, which are carried in; as safetensors
 * or NumPy's npz its initialisers with what it says of itself.
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
 * // The weights alone, for safetensors.torch.load_file().
 * await exportCheckpoint(run, `${run}/weights.safetensors`, {
 *   format: "safetensors",
 * });
 * ```
 *
 * @param source A run folder or an .onnx file.
 * @param out The file to write, which ends as the format is called; its folder is
 * there.
 * @param options Step, format and hooks.
 * @returns The checkpoint that was copied.
 * @throws {FileError} if there is no such checkpoint, or it is damaged.
 * @throws {UsageError} if the file is there already, its folder is not, its name
 * ends otherwise, the model has no activation of a name, or TransformerLens has no
 * such model.
 * @throws {TypeError} if a tensor has a type that groklab lacks.
 */
export async function exportCheckpoint(
  source: string,
  out: string,
  options: ExportOptions = {},
): Promise<string> {
  checkArgument("exportCheckpoint()", "source", source, pathCheck);
  checkArgument("exportCheckpoint()", "out", out, pathCheck);
  checkOptions("exportCheckpoint()", options, EXPORT);
  const { step, overwrite = false } = options;
  checkEnding(out, formatOf(options));
  await checkOutput(out);
  const path = await findCheckpoint(source, step);
  const contents = await contentsOf(path, options);
  await checkUnused(out, overwrite);
  await writeWhole(out, contents);
  return path;
}

/** What to copy of every checkpoint, and how. */
export type ExportAllOptions = Omit<ExportOptions, "step">;

const { step: _, ...EXPORT_ALL } = EXPORT;

/**
 * Copies every checkpoint of a run into a folder, `step-NNNNNNNN` with the end of
 * the format: all of them or, where one is damaged or the disk is full, none.
 *
 * @param run The run's folder.
 * @param out The folder to write; it is made, in a folder that is there.
 * @param options Format and hooks; with `overwrite` files of these names that lie
 * in the folder are replaced.
 * @returns The files that were written, oldest first.
 * @throws {FileError} if a checkpoint is damaged, or the folder cannot be written.
 * @throws {UsageError} as {@link exportCheckpoint} does, or if the run is none.
 */
export async function exportCheckpoints(
  run: string,
  out: string,
  options: ExportAllOptions = {},
): Promise<string[]> {
  checkArgument("exportCheckpoints()", "run", run, pathCheck);
  checkArgument("exportCheckpoints()", "out", out, pathCheck);
  checkOptions("exportCheckpoints()", options, EXPORT_ALL);
  const format = formatOf(options);
  await checkPlace(out);
  const info = await describing(`read ${run}`, () => Deno.stat(run));
  if (info.isFile) {
    throw new UsageError(
      `Cannot export all checkpoints of ${run}: it is a file, not a run`,
    );
  }
  const names = new Map((await checkpointsOf(run)).map(({ path }) => [
    `${basename(path, ".onnx")}.${format}`,
    path,
  ]));
  await checkFolder(out, [...names.keys()], options.overwrite ?? false);
  const partial = `${out}.partial-${Deno.pid}`;
  try {
    await describing(`write ${partial}`, () => Deno.mkdir(partial));
    for (const [name, path] of names) {
      await writeWhole(join(partial, name), await contentsOf(path, options));
    }
    await describing(
      `write ${out}`,
      () => Deno.mkdir(out, { recursive: true }),
    );
    await replaceFiles([...names.keys()], partial, out);
  } finally {
    await Deno.remove(partial, { recursive: true }).catch(() => {});
  }
  return [...names.keys()].map((name) => join(out, name));
}

async function checkFolder(
  out: string,
  names: readonly string[],
  overwrite: boolean,
): Promise<void> {
  const info = await Deno.stat(out).catch(() => undefined);
  if (!info) return;
  if (!info.isDirectory) {
    throw new UsageError(`Cannot write ${out}: it is a file, no folder`);
  }
  if (await isRun(out)) {
    throw new UsageError(
      `Cannot write ${out}: it is the folder of a run; choose another with --out`,
    );
  }
  for (const name of names) await checkOutput(join(out, name));
  for (const name of names) await checkUnused(join(out, name), overwrite);
}

function formatOf({ format = "onnx", names, hooks = [] }: ExportOptions) {
  if (format === "onnx" && names === "transformer-lens") {
    throw new UsageError(
      "Cannot write ONNX under TransformerLens's names: its graph has its own; " +
        "write safetensors or npz",
    );
  }
  if (format !== "onnx" && hooks.length > 0) {
    throw new UsageError(
      `Cannot write hooks into ${format}: it has tensors alone, and no graph ` +
        "that computes them; write onnx",
    );
  }
  return format;
}

const WORDS: Readonly<Record<CheckpointFormat, string>> = {
  onnx: "ONNX",
  safetensors: "safetensors",
  npz: "npz",
};

function checkEnding(out: string, format: CheckpointFormat): void {
  const ending = extname(out);
  if (ending.toLowerCase() === `.${format}`) return;
  throw new UsageError(
    `Cannot write ${out}: what is written is ${WORDS[format]}, and ` +
      (ending === ""
        ? `its name must end in .${format}`
        : `the file's name must end in .${format}, got ${ending}`),
  );
}

async function contentsOf(
  path: string,
  options: ExportOptions,
): Promise<Uint8Array> {
  const { hooks = [], format = "onnx", names } = options;
  const bytes = await readVerified(path);
  const model = decodeModel(bytes, path);
  // Alone, a file that has its weights beside it would have none.
  const beside = await readExternalData(model, path);
  if (format !== "onnx") {
    const lens = names === "transformer-lens";
    return encodeIn({ bytes, model, path }, format, lens);
  }
  return hooks.length === 0 && !beside
    ? bytes
    : new ProbeModel(model, path).encodeWithOutputs(hooks);
}
