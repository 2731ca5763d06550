/**
 * `deno task play`: the playground, as a file or served.
 *
 * @module
 */

import { UsageError } from "../lib/base/errors.ts";
import { shown } from "../lib/base/terminal.ts";
import { command, EXIT, main, path, stepNumber } from "./shared/cli.ts";

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
      return await served(port ?? 8114);
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

async function served(port: number): Promise<void> {
  if (port > 65535) {
    throw new UsageError(`--port must be at most 65535, got ${port}`);
  }
  const { servePlayground } = await import("../lib/play/write.ts");
  const { withSignals } = await import("./shared/signals.ts");
  try {
    await withSignals((signal) =>
      servePlayground({
        port,
        signal,
        onListen: (url) => {
          console.log(url);
          console.error("Ctrl-C ends it.");
        },
      }), () => Deno.exit(EXIT.interrupted));
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    throw new UsageError(
      `--port ${port} is taken by another program: name another, or 0 for any`,
    );
  }
}

if (import.meta.main) await main(task);
