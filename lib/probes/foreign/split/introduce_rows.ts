/**
 * Files of which rows and loss are told.
 *
 * @module
 */

import { resolveConfig } from "../../../config/config.ts";
import { UsageError } from "../../../base/errors.ts";
import { losses, type LossName } from "../../../losses/mod.ts";
import type { ProbeModel } from "../../../onnx/inspect/probe_model.ts";
import { lossOf } from "../../../experiment/experiment.ts";
import { findLogits } from "../signature/logits.ts";
import { namesOf } from "../../context/names.ts";
import { evenRows } from "../../context/rows.ts";
import type { ProbedTask } from "../../context/task.ts";
import type { ForeignOptions } from "../options.ts";
import {
  checkedSplit,
  type ForeignSplit,
  readSplitFile,
} from "./read_split.ts";
import { taskOfRows } from "./split_task.ts";

// So many rows show what a file makes of them.
const SAMPLE = 251;

/**
 * Gives a file rows that are no pairs, or not said to be.
 *
 * @param model The file.
 * @param options What is told of it.
 * @throws {UsageError} if what is told needs a modulus, or does not fit the file.
 */
export async function introduceRows(
  model: ProbeModel,
  { split, loss, map, output, ...others }: Pick<ForeignOptions, "loss"> & {
    readonly split: string | ForeignSplit;
    readonly map?: string;
    readonly output?: string;
  },
): Promise<{
  model: ProbeModel;
  task: ProbedTask;
  map?: string;
  notes: string[];
}> {
  for (const flag of ["operation", "tokens", "input"]) {
    if (!(flag in others)) continue;
    throw new UsageError(`--${flag} must come with --modulus`);
  }
  const rows = await readSplit(split);
  const inputs = await model.inputs();
  const [input] = inputs;
  if (!input || inputs.length > 1) {
    throw new UsageError(
      `Cannot give ${model.source} rows: it has ${inputs.length} inputs ` +
        `(${inputs.map(({ name }) => name).join(", ")}), wanted one`,
    );
  }
  const task = taskOfRows(rows, input, splitName(split));
  const { name, classes, note } = await findLogits(model, {
    modulus: task.dataset.classes,
    inputs: evenRows({ [input.name]: task.input }, SAMPLE),
    ...(output !== undefined && { output }),
  });
  const only = model.only([name]);
  const [, ...row] = task.input.shape;
  const oneHot = input.dtype.startsWith("float");
  const sizes = {
    vocabulary: () => true,
    length: oneHot ? undefined : row[0],
    oneHot: oneHot ? row.at(-1) : undefined,
    classes,
  };
  const names = await namesOf(map, only, sizes, task.input);
  return {
    model: names.model,
    task: { ...task, ...lossNamed(loss) },
    ...names.proposed,
    notes: [...note === undefined ? [] : [note], ...names.notes],
  };
}

/** The rows of a file, or those that are given. */
export async function readSplit(
  split: string | ForeignSplit,
): Promise<ForeignSplit> {
  return typeof split === "string"
    ? await readSplitFile(split)
    : checkedSplit(split, splitName(split));
}

/** What rows are called in messages. */
export function splitName(split: string | ForeignSplit): string {
  return typeof split === "string" ? split : "given as split";
}

/** A loss by its name, for a task. */
export function lossNamed(
  name: LossName | undefined,
): Pick<ProbedTask, "loss"> {
  if (name === undefined) return {};
  if (!(name in losses)) {
    throw new UsageError(
      `--loss must be out of ${Object.keys(losses).join(", ")}, got ${name}`,
    );
  }
  return { loss: lossOf(resolveConfig({ loss: name })) };
}
