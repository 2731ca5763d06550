/**
 * What users write on a run: a name, tags, a note. They lie in its folder, in a
 * file of their own that its sums do not hold: they change when nothing is trained.
 *
 * @module
 */

import { join } from "node:path";
import { UsageError } from "../base/errors.ts";
import { describing, isAbsent, writeWhole } from "../base/files.ts";
import { isObject, kindOf, parseObject } from "../base/json.ts";
import { checkArgument, named, pathCheck, text } from "../base/options.ts";
import { isRun, regular } from "../base/sums.ts";
import { shown } from "../base/terminal.ts";
import { FILES, replicasIn } from "../runs/layout.ts";

/** What is written on a run. */
export interface Labels {
  /** What it is called, instead of by its folder; else null. */
  readonly name: string | null;
  /** Words to find it by, in the order in which they were given. */
  readonly tags: readonly string[];
  /** A text about it, or null. */
  readonly note: string | null;
}

/** What nothing is written on. */
export const NO_LABELS: Labels = { name: null, tags: [], note: null };

// Longer than this no table can show a name, and no reader a note.
const MOST_NAME = 100;
const MOST_NOTE = 10_000;

/**
 * Why a text can be no name of a run, in words; undefined where it can be one.
 *
 * A name is told apart from a path, from a flag, and from other names by eye.
 */
export function nameProblem(name: string): string | undefined {
  if (name.trim() === "") return "it is empty";
  if (name !== name.trim()) return "it begins or ends with a space";
  if (shown(name) !== name) return "it has control characters";
  if (/[\\/]/.test(name)) return "it is a path";
  if (/^[-.]/.test(name)) return `it begins with ${name[0]}`;
  if ([...name].length > MOST_NAME) {
    return `it has ${[...name].length} characters`;
  }
}

const NAME = `at most ${MOST_NAME} characters, without / and \\, that do not ` +
  "begin with - or .";

/**
 * Checks a name of a run.
 *
 * @throws {UsageError} if it can be none.
 */
export function checkName(name: string): void {
  const problem = nameProblem(name);
  if (problem === undefined) return;
  throw new UsageError(
    `Cannot name a run ${JSON.stringify(name)}: ${problem}; wanted ${NAME}`,
  );
}

/**
 * Checks tags.
 *
 * @throws {UsageError} if one can be none.
 */
export function checkTags(tags: readonly string[]): void {
  for (const tag of tags) {
    const problem = nameProblem(tag) ??
      (tag.includes(",") ? "it has a comma in it" : undefined);
    if (problem === undefined) continue;
    throw new UsageError(
      `Cannot tag a run ${JSON.stringify(tag)}: ${problem}; wanted ${NAME}, ` +
        "and no comma",
    );
  }
}

function checkNote(note: string): void {
  const length = [...note].length;
  const problem = length > MOST_NOTE
    ? `it has ${length} characters, wanted at most ${MOST_NOTE}`
    : shown(note.replaceAll(/[\n\t]/g, "")) !== note.replaceAll(/[\n\t]/g, "")
    ? "it has control characters"
    : undefined;
  if (problem === undefined) return;
  throw new UsageError(`Cannot write a note on a run: ${problem}`);
}

/**
 * The labels out of the text of their file.
 *
 * @throws {SyntaxError} if it has none.
 */
export function parseLabels(contents: string, path: string): Labels {
  const { name = null, tags = [], note = null } = parseObject(
    contents,
    path,
    "an object with name, tags and note",
  );
  const problem = name !== null && typeof name !== "string"
    ? `its name is ${kindOf(name)}`
    : !Array.isArray(tags) || tags.some((tag) => typeof tag !== "string")
    ? "its tags are no list of texts"
    : note !== null && typeof note !== "string"
    ? `its note is ${kindOf(note)}`
    : undefined;
  if (problem !== undefined) {
    throw new SyntaxError(`Cannot read ${path}: ${problem}`);
  }
  return { name, tags, note } as Labels;
}

/**
 * What is written on a run.
 *
 * @param run The run's folder.
 * @throws {SyntaxError} if the file of labels is none.
 * @throws {FileError} if it cannot be read.
 */
export async function labelsOf(run: string): Promise<Labels> {
  checkArgument("labelsOf()", "run", run, pathCheck);
  const path = join(run, FILES.labels);
  if (!await regular(path)) return NO_LABELS;
  const contents = await describing(
    `read ${path}`,
    () =>
      Deno.readTextFile(path).catch((error) => {
        if (!isAbsent(error)) throw error;
      }),
  );
  return contents === undefined ? NO_LABELS : parseLabels(contents, path);
}

/**
 * The name that is written on a run, for those who show runs: null where there is
 * none, or it cannot be read.
 *
 * @param run The run's folder.
 */
export async function nameOn(run: string): Promise<string | null> {
  return (await labelsOf(run).catch(() => NO_LABELS)).name;
}

/**
 * What a reader sees a run called: its name, if it has one, with what it is found by
 * behind it.
 *
 * @param name The name.
 * @param run Its folder, or what else finds it.
 */
export function calledText(name: string | null, run: string): string {
  return name === null ? run : `${name} · ${run}`;
}

/**
 * Writes labels on a run, in place of those that it has.
 *
 * @param run The run's folder.
 * @param labels Those to change; the others stay.
 * @returns What is written on it now.
 * @throws {UsageError} if it is no run, or a label can be none; whether another run
 * has the name is not looked at.
 * @throws {FileError} if it cannot be written.
 */
export async function writeLabels(
  run: string,
  labels: Partial<Labels>,
): Promise<Labels> {
  checkArgument("writeLabels()", "run", run, pathCheck);
  checkArgument(
    "writeLabels()",
    "labels",
    labels,
    (value) => isObject(value) ? undefined : "an object",
  );
  const { name, tags, note } = labels;
  if (typeof name === "string") checkName(name);
  if (tags !== undefined) {
    checkArgument("writeLabels()", "tags", tags, named);
    checkTags(tags);
  }
  if (note !== undefined && note !== null) {
    checkArgument("writeLabels()", "note", note, text);
    checkNote(note);
  }
  await checkRun(run);
  const before = await labelsOf(run);
  const after: Labels = {
    name: name === undefined ? before.name : name,
    tags: [...new Set(tags ?? before.tags)],
    note: note === undefined ? before.note : note || null,
  };
  if (JSON.stringify(after) === JSON.stringify(before)) return before;
  await writeWhole(
    join(run, FILES.labels),
    `${JSON.stringify(after, null, 2)}\n`,
  );
  return after;
}

async function checkRun(run: string): Promise<void> {
  if (await isRun(run)) return;
  const replicas = await replicasIn(run);
  throw new UsageError(
    replicas.length > 0
      ? `Cannot label ${run}: it holds ${replicas.length} runs, choose one, ` +
        `${join(run, "replica-0")} for example`
      : `Cannot label ${run}: it is no run`,
  );
}
