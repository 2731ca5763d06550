/**
 * `deno task sweep run`: trains what is planned.
 *
 * @module
 */

import { UsageError } from "../../lib/base/errors.ts";
import { taskLine } from "../../lib/base/shell.ts";
import { shown } from "../../lib/base/terminal.ts";
import { ConfigError } from "../../lib/config/config.ts";
import { parseShard } from "../../lib/sweeps/running/shard.ts";
import { EXIT, number, Option, printJson, subcommand } from "../shared/cli.ts";
import { USE } from "../shared/use_flags.ts";
import { limitOf } from "./limit.ts";

// More than these no machine has the memory or the cores for.
const MOST_JOBS = 1024;

const text = (text: string) => text;

/** The subcommand. */
export const run = subcommand(
  taskLine("sweep", "run"),
  "Train the runs of a sweep that are not there yet; several may do so at once.",
)
  .name("run")
  .argument("<dir>", "the sweep's folder")
  .option(
    "--shard <i/n>",
    "train share I of N only, I in 0..N-1 (default: all)",
    text,
  )
  .option(
    "--jobs <n>",
    "runs side by side, a thread each (default: as many as there are cores)",
    number,
  )
  .option(
    "--limit <time>",
    "end in time, as by a signal: 30s, 20m, 1h30m, 0-01:30:00",
    text,
  )
  .option(USE.flags, USE.help, USE.parse)
  .addOption(new Option(USE.changedFlags).hideHelp())
  .option("--json", "print the result as JSON")
  .addHelpText(
    "after",
    "\nSIGINT, SIGTERM and SIGUSR1 end it after the running steps; the same\n" +
      "command goes on. Exit code: 0 all are there, 1 some diverged, failed or\n" +
      `need another --use, ${EXIT.interrupted} stopped before the end.`,
  )
  .action(async (folder, options) => {
    const { jobs, shard, limit, json } = options;
    if (
      jobs !== undefined &&
      !(Number.isInteger(jobs) && jobs >= 1 && jobs <= MOST_JOBS)
    ) {
      throw new ConfigError(
        `--jobs must be an integer in 1..${MOST_JOBS}, got ${jobs}`,
      );
    }
    if (options.useChanged) {
      throw new UsageError(
        "--use-changed must be left out: a run is named after the bytes of its " +
          "extension, too, and is trained with no others; plan runs with those " +
          `that are here: ${
            taskLine("sweep", "plan", "--out", folder)
          } --use …`,
      );
    }
    const asked = {
      ...(jobs !== undefined && { jobs }),
      ...(shard !== undefined && { shard: parseShard(shard) }),
      ...(limit !== undefined && { limit: limitOf(limit) }),
    };
    const { runWatched } = await import("./watched.ts");
    const { failureLine, outcomeText } = await import("./run_text.ts");
    const { lackLine } = await import(
      "../../lib/sweeps/running/extensions.ts"
    );
    const outcome = await runWatched(folder, asked);
    if (json) printJson({ folder, ...outcome });
    else console.log(outcomeText(folder, outcome));
    for (const failure of outcome.failures) console.error(failureLine(failure));
    for (const lack of outcome.lacks) {
      console.error(shown(`left: ${lackLine(folder, lack)}`));
    }
    if (outcome.interrupted) {
      const again = [
        ...shard === undefined ? [] : ["--shard", shard],
        ...jobs === undefined ? [] : ["--jobs", String(jobs)],
        ...(options.use ?? []).flatMap((path) => ["--use", path]),
      ];
      console.error(
        `stopped; go on with: ${taskLine("sweep", "run", folder, ...again)}`,
      );
      Deno.exitCode = EXIT.interrupted;
    } else if (outcome.failures.length + outcome.lacks.length > 0) {
      Deno.exitCode = EXIT.failed;
    }
  });
