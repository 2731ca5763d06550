/**
 * How a task of deno.json is started from elsewhere than its folder, with the
 * permissions that it has there. Runs in Node as well.
 *
 * @module
 */

import { isAbsolute, join } from "node:path";

/** The tasks that are commands of `groklab`, in the order of the help. */
export const COMMANDS = [
  "train",
  "sweep",
  "probe",
  "report",
  "export",
  "runs",
  "reproduce",
  "record",
  "setup",
  "doctor",
  "bench",
] as const;

/** What of deno.json is needed here. */
export interface Project {
  /** The version of groklab. */
  readonly version: string;
  /** The import map. */
  readonly imports: Readonly<Record<string, string>>;
  /** The tasks by name. */
  readonly tasks: Readonly<
    Record<string, { readonly description: string; readonly command: string }>
  >;
}

/** The commands that a project has, with what they do. */
export function commandsOf({ tasks }: Project): [name: string, does: string][] {
  return COMMANDS.flatMap((name) => {
    const task = tasks[name];
    return task ? [[name, task.description] as [string, string]] : [];
  });
}

// What belongs to the installation; other folders are the caller's.
const INSTALLED = [".tensorflow", ".mnist", "node_modules"];

/**
 * The words that start a task: those of deno.json, their paths made absolute.
 *
 * @param command What deno.json says: `deno run --allow-… tasks/NAME.ts`.
 * @param home The folder of deno.json.
 * @param here The folder where the command was typed.
 * @returns The words after `deno`: `run`, the flags, the file.
 */
export function startOf(command: string, home: string, here: string): string[] {
  const [, ...words] = command.split(" ");
  const file = words.pop()!;
  const absolute = (path: string) =>
    isAbsolute(path)
      ? path
      : join(INSTALLED.includes(path) ? home : here, path);
  const flags = words.map((word) => {
    const [, flag, paths] = /^(--allow-(?:read|write|ffi))=(.*)$/.exec(word) ??
      [];
    return flag === undefined
      ? word
      : `${flag}=${paths!.split(",").map(absolute).join(",")}`;
  });
  return [...flags, join(home, file)];
}
