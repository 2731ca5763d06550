/**
 * A folder of another tool's checkpoints, their steps in their names.
 *
 * @module
 */

import { join } from "node:path";
import { UsageError } from "../../base/errors.ts";
import { describing } from "../../base/files.ts";
import { checkArgument, only, pathCheck } from "../../base/options.ts";
import { loadProbeModel } from "../../onnx/inspect/load_probe_model.ts";
import { PROBE_MODEL } from "../../onnx/inspect/options.ts";
import { FILES, list } from "../../runs/layout.ts";
import { findCheckpoint } from "../../runs/read.ts";
import type { RunCheckpoint } from "../context/context.ts";
import type { ProbedTask } from "../context/task.ts";
import type { RunOptions } from "../run_options.ts";
import { foreignOf, introduce } from "./foreign.ts";
import type { ForeignOptions } from "./options.ts";

/** The number after a word that says that it is a step. */
const NAMED =
  /(?:step|iter|iteration|update|epoch)s?[-_.= ]*(\d+(?:e\+?\d+)?)/gi;
const NUMBER = /\d+(?:e\+?\d+)?/gi;

/**
 * The checkpoints of a folder that no run of groklab's is, oldest first.
 *
 * The step is the number behind `step`, `iter`, `update` or `epoch` in a name; where
 * that is not in all of them, the one number in which the names differ: `step-100`,
 * `model_0100`, `ckpt-1e3`.
 *
 * @param folder The folder.
 * @returns Undefined of a run, and of a folder without .onnx files.
 * @throws {UsageError} if the names do not say which step each is of.
 */
export async function foreignCheckpoints(
  folder: string,
): Promise<RunCheckpoint[] | undefined> {
  const names = await list(folder) ?? [];
  // Other tools have a config.json, too.
  const isRun = names.includes(FILES.manifest) ||
    names.includes(FILES.checkpoints);
  if (isRun) return;
  const files = names.filter((name) => /\.onnx$/i.test(name)).sort();
  if (files.length === 0) return;
  const steps = stepsOf(files.map((name) => name.slice(0, -".onnx".length)));
  if (!steps) {
    throw new UsageError(
      `Cannot tell the steps of ${folder}: the names of its .onnx files must ` +
        "differ in one number, or have step, iter or epoch before it, got " +
        files.slice(0, 4).join(", "),
    );
  }
  const checkpoints = files
    .map((name, i) => ({ step: steps[i]!, path: join(folder, name) }))
    .sort((a, b) => a.step - b.step);
  checkpoints.forEach(({ step, path }, i) => {
    const before = checkpoints[i - 1];
    if (before?.step !== step) return;
    throw new UsageError(
      `Cannot tell the steps of ${folder}: ${before.path} and ${path} are both ` +
        `of step ${step}`,
    );
  });
  return checkpoints;
}

/** The steps in some names; undefined where they are not clear. */
export function stepsOf(names: readonly string[]): number[] | undefined {
  const named = names.map((name) => [...name.matchAll(NAMED)].at(-1)?.[1]);
  if (named.every((number) => number !== undefined)) return whole(named);
  const numbers: readonly string[][] = names.map((name) =>
    name.match(NUMBER) ?? []
  );
  const first = numbers[0]!;
  if (numbers.some(({ length }) => length !== first.length)) return undefined;
  const differing = first.map((_, i) => i).filter((i) =>
    numbers.some((own) => Number(own[i]) !== Number(first[i]))
  );
  // Of one file its last number may be the step.
  const [at, ...more] = names.length === 1 ? [first.length - 1] : differing;
  if (at === undefined || at < 0 || more.length > 0) return undefined;
  return whole(numbers.map((own) => own[at]!));
}

function whole(texts: readonly string[]): number[] | undefined {
  const steps = texts.map(Number);
  return steps.every(Number.isSafeInteger) ? steps : undefined;
}

/**
 * The checkpoint that a user means, {@link findCheckpoint}'s or out of a folder of
 * another tool's.
 *
 * @param source A run folder, a folder of checkpoints or a file; by default the
 * newest run.
 * @param step Which checkpoint; by default the last.
 * @throws {FileError} if there is no such file or folder.
 * @throws {UsageError} if it has no such step.
 */
export async function findProbed(
  source?: string,
  step?: number,
): Promise<string> {
  if (source !== undefined) {
    checkArgument("findProbed()", "source", source, pathCheck);
  }
  if (source === undefined) return await findCheckpoint(source, step);
  const { isDirectory } = await describing(
    `read ${source}`,
    () => Deno.stat(source),
  );
  const checkpoints = isDirectory
    ? await foreignCheckpoints(source)
    : undefined;
  if (!checkpoints) return await findCheckpoint(source, step);
  if (step === undefined) return checkpoints.at(-1)!.path;
  const found = checkpoints.find((checkpoint) => checkpoint.step === step);
  if (found) return found.path;
  throw new UsageError(
    `Cannot find a checkpoint of step ${step} in ${source}: it has steps ` +
      checkpoints.map((checkpoint) => checkpoint.step).join(", "),
  );
}

/** What holds of all checkpoints of another tool's. */
export interface ForeignRun {
  readonly options: ForeignOptions;
  readonly task: ProbedTask | undefined;
  readonly notes: readonly string[];
}

/** What is made out of one checkpoint is told of the others. */
export async function foreignRunOf(
  { path }: RunCheckpoint,
  options: RunOptions & ForeignOptions,
): Promise<ForeignRun> {
  const model = await loadProbeModel(path, only(options, PROBE_MODEL));
  await using closing = new AsyncDisposableStack();
  closing.defer(() => model.close());
  const told = foreignOf(options);
  const { task, map, notes = [], ...introduced } = await introduce(model, told);
  closing.defer(() => introduced.model.close());
  return { options: { ...told, ...(map && { map }) }, task, notes };
}
