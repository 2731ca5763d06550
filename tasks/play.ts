/**
 * `deno task play`: the playground, as a file or served.
 *
 * @module
 */

import { UsageError } from "../lib/base/errors.ts";
import { shown } from "../lib/base/terminal.ts";
import { command, main, path, stepNumber } from "./shared/cli.ts";
import { served } from "./shared/serving.ts";

const task = command(
  "play",
  "Write one HTML page in which anybody can train a network and see it grok.",
)
  .option("--out <path>", "the page (default: playground.html)", path)
  .option("--overwrite", "replace the file that is there")
  .option("--serve", "serve the page to this machine alone")
  .option(
    "--port <n>",
    "with --serve: where; 0 for any (default: 8114)",
    stepNumber,
  )
  .action(async ({ out, overwrite, serve, port }) => {
    if (serve) {
      for (const [flag, given] of Object.entries({ out, overwrite })) {
        if (given === undefined) continue;
        throw new UsageError(
          `--${flag} must be left out with --serve, which writes nothing`,
        );
      }
      return await served(port ?? 8114, async (listening) => {
        const { servePlayground } = await import("../lib/play/write.ts");
        await servePlayground(listening);
      });
    }
    if (port !== undefined) {
      throw new UsageError("--port must come with --serve");
    }
    const { writePlayground } = await import("../lib/play/write.ts");
    const place = out ?? path("playground.html");
    const bytes = await writePlayground(place, {
      overwrite: overwrite ?? false,
    });
    console.error(`${shown(place)}: ${(bytes / 1e6).toFixed(1)} MB`);
    console.log(shown(place));
  });

if (import.meta.main) await main(task);
