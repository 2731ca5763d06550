/**
 * `deno task record`: how soon recipes grok, as a table that anybody may enter.
 *
 * @module
 */

import { UsageError } from "../lib/base/errors.ts";
import { didYouMean, meant } from "../lib/base/nearest.ts";
import { shown } from "../lib/base/terminal.ts";
import { check } from "./record/check.ts";
import { list } from "./record/list.ts";
import { publish } from "./record/publish.ts";
import { run } from "./record/run.ts";
import { time } from "./record/time.ts";
import { command, main } from "./shared/cli.ts";

const task = command(
  "record",
  "How soon recipes grok: list them, run one, check what it states.",
)
  .addCommand(list)
  .addCommand(run)
  .addCommand(check)
  .addCommand(time)
  .addCommand(publish);

task.argument("[what]").action((what) => {
  const names = task.commands.map((each) => each.name());
  throw new UsageError(
    `Cannot record ${shown(String(what))}${
      didYouMean(meant(String(what), names))
    }: choose from ${names.join(", ")}`,
  );
});

// Without a subcommand there is nothing to do but say which there are.
if (import.meta.main) {
  await main(task, Deno.args.length > 0 ? Deno.args : ["--help"]);
}
