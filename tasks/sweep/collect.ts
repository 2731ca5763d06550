/**
 * `deno task sweep collect`: a sweep as a table.
 *
 * @module
 */

import { taskLine } from "../../lib/base/shell.ts";
import { shown } from "../../lib/base/terminal.ts";
import { path, printJson, subcommand } from "../shared/cli.ts";

/** The subcommand. */
export const collect = subcommand(
  taskLine("sweep", "collect"),
  "Write the runs of a sweep as a table: what each is, how it ended.",
)
  .name("collect")
  .argument("<dir>", "the sweep's folder")
  .requiredOption(
    "--out <file>",
    "the table: a name in .csv, .jsonl or .parquet",
    path,
  )
  .option("--metrics", "a row for each evaluation, not one for each run")
  .option(
    "--all-keys",
    "all keys of the configs, not only those in which runs differ",
  )
  .option("--overwrite", "replace the file if it is there")
  .option("--json", "print what was written as JSON")
  .action(async (folder, { out, metrics, allKeys, overwrite, json }) => {
    const { collectSweep } = await import(
      "../../lib/sweeps/collecting/collect.ts"
    );
    const collected = await collectSweep(folder, out, {
      metrics: metrics ?? false,
      allKeys: allKeys ?? false,
      overwrite: overwrite ?? false,
    });
    for (const problem of collected.problems) {
      console.error(`warning: ${shown(problem)}`);
    }
    if (json) return printJson({ folder, ...collected });
    const { rows, columns, runs, states } = collected;
    const stands = Object.entries(states).filter(([, count]) => count > 0)
      .map(([state, count]) => `${count} ${state}`).join(", ");
    console.error(
      `${rows} rows of ${columns.length} columns, ${runs} runs: ${stands}`,
    );
    console.log(shown(out));
  });
