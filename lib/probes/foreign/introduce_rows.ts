/**
 * Files of which rows and loss are told.
 *
 * @module
 */

import { resolveConfig } from "../../config/config.ts";
import { UsageError } from "../../base/errors.ts";
import { losses, type LossName } from "../../losses/mod.ts";
import type { ProbeModel } from "../../onnx/inspect/probe_model.ts";
import { lossOf } from "../../experiment/experiment.ts";
import { findLogits } from "./logits.ts";
import { namesOf } from "../context/names.ts";
import { evenRows } from "../context/rows.ts";
import type { ProbedTask } from "../context/task.ts";
import { checked, readRows, type ToldRows } from "./told_rows.ts";
import { taskOfRows } from "./told_task.ts";

/** Rows and loss, as they are told. */
export interface ToldOptions {
  /**
   * The rows that it was trained on, and those to test: `split.json` of a run, or
   * CSV; {@link readRows} has the forms. Without a modulus these are all there is.
   */
  readonly split?: string | ToldRows;
  /** What it was trained with, with its defaults. */
  readonly loss?: LossName;
}

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
  { split, loss, map, output, ...others }: ToldOptions & {
    readonly split: string | ToldRows;
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
  const rows = await toldRows(split);
  const inputs = await model.inputs();
  const [input] = inputs;
  if (!input || inputs.length > 1) {
    throw new UsageError(
      `Cannot give ${model.source} rows: it has ${inputs.length} inputs ` +
        `(${inputs.map(({ name }) => name).join(", ")}), wanted one`,
    );
  }
  const task = taskOfRows(rows, input, rowsName(split));
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
export async function toldRows(split: string | ToldRows): Promise<ToldRows> {
  return typeof split === "string"
    ? await readRows(split)
    : checked(split, rowsName(split));
}

/** What rows are called in messages. */
export function rowsName(split: string | ToldRows): string {
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
