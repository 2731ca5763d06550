/**
 * `deno task record list`: the table.
 *
 * @module
 */

import { taskLine } from "../../lib/base/shell.ts";
import { printJson, subcommand } from "../shared/cli.ts";

/** The subcommand. */
export const list = subcommand(
  taskLine("record", "list"),
  "List the published entries, track by track, the fastest first.",
)
  .name("list")
  .option("--json", "print the result as JSON")
  .action(async ({ json }) => {
    const { listed, ranked } = await import("../../lib/records/table.ts");
    const { trackNames } = await import("../../lib/records/tracks.ts");
    const entries = await listed();
    if (json) {
      printJson({
        tracks: Object.fromEntries(
          trackNames.map((name) => [
            name,
            ranked(entries, name).map(({ recipe }) => recipe.name),
          ]),
        ),
        entries: entries.map(({ recipe, result, standing }) => ({
          ...recipe,
          standing: standing ?? null,
          result: result ?? null,
        })),
      });
      return;
    }
    const { tableText } = await import("./text.ts");
    console.log(tableText(entries));
    console.error(
      "medians of 64 seeds, mod 113, 40 % of the pairs; rules and settings: " +
        "docs/records.md",
    );
  });
