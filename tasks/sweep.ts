/**
 * `deno task sweep`: many runs in a folder.
 *
 * @module
 */

import { UsageError } from "../lib/base/errors.ts";
import { didYouMean, meant } from "../lib/base/nearest.ts";
import { shown } from "../lib/base/terminal.ts";
import { command, main } from "./shared/cli.ts";
import { useNamed } from "./shared/use.ts";
import { collect } from "./sweep/collect.ts";
import { plan } from "./sweep/plan.ts";
import { report } from "./sweep/report.ts";
import { run } from "./sweep/run.ts";
import { status } from "./sweep/status.ts";
import { submit } from "./sweep/submit.ts";

await useNamed();
const task = command("sweep", "Train many runs: grids, seeds, random draws.")
  .addCommand(plan)
  .addCommand(run)
  .addCommand(status)
  .addCommand(collect)
  .addCommand(report)
  .addCommand(submit);

task.argument("[what]").action((what) => {
  const names = task.commands.map((each) => each.name());
  throw new UsageError(
    `Cannot sweep ${shown(String(what))}${
      didYouMean(meant(String(what), names))
    }: choose from ${names.join(", ")}`,
  );
});

// Without a subcommand there is nothing to do but say which there are.
if (import.meta.main) {
  await main(task, Deno.args.length > 0 ? Deno.args : ["--help"]);
}
