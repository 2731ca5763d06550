/**
 * `deno task record publish`: puts what an entry's runs came to into docs/.
 *
 * @module
 */

import { taskLine } from "../../lib/base/shell.ts";
import { path, printJson, subcommand } from "../shared/cli.ts";
import { entryNamed } from "./entry.ts";

/** The subcommand. */
export const publish = subcommand(
  taskLine("record", "publish"),
  "Write what a recipe's runs came to beside it in docs/records, and the page; " +
    "without a recipe the page alone.",
)
  .name("publish")
  .argument("[recipe]", "docs/records/NAME/recipe.json", path)
  .option("--out <dir>", "where its runs lie (default: record-runs/NAME)", path)
  .option("--json", "print the result as JSON")
  .action(async (file, { out, json }) => {
    const { publishEntry, publishPage } = await import(
      "../../lib/records/publish.ts"
    );
    if (file !== undefined) {
      const entry = await entryNamed(file);
      const { runsOf } = await import("../../lib/records/seeds.ts");
      const { readTiming } = await import("../../lib/records/timing.ts");
      const runs = runsOf(entry, out);
      await publishEntry(entry, file, runs, await readTiming(runs));
    }
    const page = await publishPage();
    if (json) printJson({ page, recipe: file ?? null });
    else console.log(page);
  });
