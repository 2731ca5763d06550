/**
 * `deno task runs show` and `compare`: what runs are, and in what they differ.
 *
 * @module
 */

import { path, printJson, subcommand } from "../shared/cli.ts";

/** The option that names the folder of runs, for commands that name runs. */
export const IN = {
  flags: "--in <folder>",
  help: "the folder of runs in which names are looked for",
  preset: "runs",
} as const;

/** The folders of runs that a user names. */
export async function runsNamed(
  named: readonly string[],
  folder: string,
): Promise<string[]> {
  const { findRun } = await import("../../lib/store/find.ts");
  const runs: string[] = [];
  for (const each of named) runs.push(await findRun(each, folder));
  return [...new Set(runs)];
}

/** What a run is called: its name, if it has one, and its folder. */
export async function calledAs(run: string): Promise<string> {
  const { calledText, nameOn } = await import("../../lib/store/labels.ts");
  return calledText(await nameOn(run), run);
}

/** `runs show`. */
export const show = subcommand(
  "show",
  "What a run is: config, outcome, checkpoints, where it was made.",
)
  .argument("<run>", "a run's folder or name, or the beginning of it")
  .option(IN.flags, IN.help, path, IN.preset)
  .option("--json", "print it as JSON")
  .action(async (named, options) => {
    const [run] = await runsNamed([named], options.in);
    const { describeRun } = await import("../../lib/store/compare.ts");
    const { descriptionText } = await import("./text.ts");
    const { print } = await import("./list.ts");
    const found = await describeRun(run!);
    if (options.json) return printJson(found);
    await print(descriptionText(found));
  });

/** `runs compare`. */
export const compare = subcommand(
  "compare",
  "In what runs differ, in config and outcome.",
)
  .argument("<runs...>", "runs' folders or names, two at least")
  .option(IN.flags, IN.help, path, IN.preset)
  .option("--json", "print it as JSON")
  .action(async (named, options) => {
    const runs = await runsNamed(named, options.in);
    const { compareRuns } = await import("../../lib/store/compare.ts");
    const { comparisonText } = await import("./text.ts");
    const { print } = await import("./list.ts");
    const found = await compareRuns(runs);
    if (options.json) return printJson(found);
    await print(comparisonText(found));
  });
