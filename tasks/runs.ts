/**
 * `deno task runs`: the runs of a folder, listed, looked at, named and removed.
 *
 * @module
 */

import { command, main, path, several, stepNumber } from "./shared/cli.ts";
import { compare, show } from "./runs/look.ts";
import { name, note, tag } from "./runs/label.ts";
import { emptyTrash, remove, restore, trash } from "./runs/trash.ts";

const task = command("runs", "List runs, and name, compare or remove them.")
  // What stands behind a subcommand is the subcommand's.
  .enablePositionalOptions()
  .argument(
    "[folders...]",
    "folders of runs, of sweeps, of replicas, or runs (default: runs)",
  )
  .option(
    "--where <condition>",
    "which: SQL on a config's keys and a summary's names, such as " +
      "\"loss='softmax' and lr<0.01 and grokked_at<500\"",
  )
  .option(
    "--tag <tag>",
    "which: with this tag; may be repeated",
    several((text) => text),
  )
  .option(
    "--sort <key>",
    "by a column, with a - before it from the largest down (default: the " +
      "last started first)",
  )
  .option("--limit <n>", "how many at most (default: all)", stepNumber)
  .option(
    "--columns <names>",
    "which columns, with commas between, or all",
    (text) => text.split(",").map((name) => name.trim()),
  )
  .option("--json", "print the runs as JSON")
  .option("--csv", "print them as CSV")
  .addCommand(show)
  .addCommand(compare)
  .addCommand(name)
  .addCommand(tag)
  .addCommand(note)
  .addCommand(remove)
  .addCommand(trash)
  .addCommand(restore)
  .addCommand(emptyTrash)
  .action(async (folders, options) => {
    const { listed } = await import("./runs/list.ts");
    for (const folder of folders) path(folder);
    await listed(folders, options);
  });

if (import.meta.main) await main(task);
