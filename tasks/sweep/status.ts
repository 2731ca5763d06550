/**
 * `deno task sweep status`: where a sweep stands.
 *
 * @module
 */

import { taskLine } from "../../lib/base/shell.ts";
import { printJson, subcommand } from "../shared/cli.ts";

/** The subcommand. */
export const status = subcommand(
  taskLine("sweep", "status"),
  "Say where a sweep stands, by what lies in its folder.",
)
  .name("status")
  .argument("<dir>", "the sweep's folder")
  .option("--json", "print it as JSON")
  .action(async (folder, { json }) => {
    const { sweepStatus } = await import("../../lib/sweeps/running/status.ts");
    const found = await sweepStatus(folder);
    if (json) return printJson({ folder, ...found });
    const { statusText } = await import("./run_text.ts");
    console.log(statusText(folder, found));
    for (const problem of found.problems) console.error(`warning: ${problem}`);
  });
