/**
 * Labelling runs that are there.
 *
 * @module
 */

import { checkArgument, flag, named, orNull, text } from "../base/options.ts";
import { checkNamesFree, runsAround } from "./find.ts";
import { checkName, type Labels, labelsOf, writeLabels } from "./labels.ts";

/**
 * Names a run. A name is another's neither in this folder of runs nor as the name
 * of a folder in it.
 *
 * @param run The run's folder.
 * @param name The name; null takes it away.
 * @returns What is written on it now.
 * @throws {UsageError} if it can be no name, another run has it, or it is no run.
 * @throws {FileError} if it cannot be written.
 */
export async function nameRun(
  run: string,
  name: string | null,
): Promise<Labels> {
  checkArgument("nameRun()", "name", name, orNull(text));
  if (name !== null) {
    checkName(name);
    await checkNamesFree([name], runsAround(run), [run]);
  }
  return await writeLabels(run, { name });
}

/**
 * Tags a run, or takes tags away. Those that it has, or has not, are passed over.
 *
 * @param run The run's folder.
 * @param tags The tags.
 * @param remove Whether to take them away.
 * @returns What is written on it now.
 * @throws {UsageError} if one can be no tag, or it is no run.
 * @throws {FileError} if it cannot be written.
 */
export async function tagRun(
  run: string,
  tags: readonly string[],
  remove = false,
): Promise<Labels> {
  checkArgument("tagRun()", "tags", tags, named);
  checkArgument("tagRun()", "remove", remove, flag);
  const { tags: before } = await labelsOf(run);
  return await writeLabels(run, {
    tags: remove
      ? before.filter((tag) => !tags.includes(tag))
      : [...before, ...tags],
  });
}

/**
 * Writes a note on a run, in place of the one that it has.
 *
 * @param run The run's folder.
 * @param note The text; null or an empty one takes it away.
 * @returns What is written on it now.
 * @throws {UsageError} if it has control characters or is too long, or it is no run.
 * @throws {FileError} if it cannot be written.
 */
export async function noteRun(
  run: string,
  note: string | null,
): Promise<Labels> {
  checkArgument("noteRun()", "note", note, orNull(text));
  return await writeLabels(run, { note });
}
