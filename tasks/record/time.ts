/**
 * `deno task record time`: what a step of a recipe takes.
 *
 * @module
 */

import { exit } from "../shared/exit.ts";
import { taskLine } from "../../lib/base/shell.ts";
import type { Entry } from "../../lib/records/entry.ts";
import type { Timing } from "../../lib/records/timing.ts";
import { EXIT, path, printJson, subcommand } from "../shared/cli.ts";
import { entryNamed, MODULUS_FLAG } from "./entry.ts";

/** The subcommand. */
export const time = subcommand(
  taskLine("record", "time"),
  "Time a step of a recipe on one core and on two; for a machine that rests.",
)
  .name("time")
  .argument("<recipe>", "the recipe's file", path)
  .option("--out <dir>", "where the runs lie (default: record-runs/NAME)", path)
  .option("--json", "print the result as JSON")
  .addOption(MODULUS_FLAG)
  .action(async (file, { out, json, modulus }) => {
    const entry = await entryNamed(file, modulus);
    const { planSeeds, runsOf } = await import("../../lib/records/seeds.ts");
    const folder = runsOf(entry, out);
    // What it is kept in is the folder of its runs.
    await planSeeds(entry, folder, 1);
    const timing = await timeWatched(entry, folder);
    if (!timing) {
      Deno.exitCode = EXIT.interrupted;
      return;
    }
    if (json) return printJson(timing);
    const { timingText } = await import("./text.ts");
    console.log(timingText(timing));
  });

/**
 * Times an entry, and keeps it in the folder of its runs.
 *
 * @returns Undefined where it was stopped.
 */
export async function timeWatched(
  entry: Entry,
  folder: string,
): Promise<Timing | undefined> {
  const { timed, writeTiming } = await import("../../lib/records/timing.ts");
  const { withSignals } = await import("../shared/signals.ts");
  console.error("timing steps on one core and on two …");
  const timing = await withSignals(
    (signal) => timed(entry, folder, signal),
    () => exit(EXIT.interrupted),
  );
  if (timing) await writeTiming(folder, timing);
  return timing;
}
