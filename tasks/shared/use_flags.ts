/**
 * What `--use` is on a command line; `use.ts` loads what it names.
 *
 * @module
 */

import { several } from "./cli.ts";

/** What `--use` is, for the help of every command that has it. */
export const USE = {
  flags: "--use <module>",
  help:
    "a module of your own with losses, tasks, models, … or a run that keeps " +
    "one; may be repeated",
  parse: several((text) => text),
  changedFlags: "--use-changed",
  changedHelp: "take the module of --use though a run was made with another " +
    "version of it",
} as const;
