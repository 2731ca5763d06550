/**
 * `deno task record run`: trains the seeds of a recipe.
 *
 * @module
 */

import { taskLine } from "../../lib/base/shell.ts";
import { number, path, subcommand } from "../shared/cli.ts";
import { MODULUS_FLAG } from "./entry.ts";

const text = (text: string) => text;

/** A subcommand that trains a recipe's seeds. */
export function training(
  name: "run" | "check",
  description: string,
  examples: readonly string[],
  codes: string,
) {
  return subcommand(taskLine("record", name), description)
    .name(name)
    .argument("<recipe>", "the recipe's file, JSON (docs/records.md)", path)
    .option("--seeds <n>", "seeds 0..n-1 (default: 64)", number)
    .option(
      "--jobs <n>",
      "runs side by side, a thread each (default: as many as there are cores)",
      number,
    )
    .option(
      "--out <dir>",
      "where the runs lie (default: record-runs/NAME)",
      path,
    )
    .option(
      "--limit <time>",
      "end in time, as by a signal: 30s, 20m, 1h30m, 0-01:30:00",
      text,
    )
    .option("--no-timing", "do not time steps on one core and on two")
    .option("--json", "print the result as JSON")
    .addOption(MODULUS_FLAG)
    .addHelpText(
      "after",
      () =>
        "\nExamples:\n" +
        examples.map((words) => `  ${taskLine("record", name)} ${words}`)
          .join("\n") +
        "\n\nWhat is there is not trained again: the same command goes on. " +
        `Exit code:\n${codes}, 130 stopped\nbefore the end.`,
    )
    .action(async (file, flags) => {
      const { train } = await import("./train.ts");
      await train(file, flags, name === "check");
    });
}

/** The subcommand. */
export const run = training(
  "run",
  "Train the seeds of a recipe, and say when they grokked.",
  ["my-recipe.json", "my-recipe.json --seeds 8 --jobs 2 --no-timing"],
  "0 all seeds are there, 1 some failed",
);
