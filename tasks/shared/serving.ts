/**
 * What tasks have in common that serve a page to this machine.
 *
 * @module
 */

import { UsageError } from "../../lib/base/errors.ts";
import { EXIT } from "./cli.ts";
import { exit } from "./exit.ts";

/** Where to listen, until when, and who is told. */
interface Listening {
  readonly port: number;
  readonly signal: AbortSignal;
  readonly onListen: (url: string) => void;
}

/**
 * Serves until Ctrl-C, and says where.
 *
 * @param port Where; 0 for any.
 * @param serve Serves.
 * @throws {UsageError} if there is no such port, or another program has it.
 */
export async function served(
  port: number,
  serve: (listening: Listening) => Promise<void>,
): Promise<void> {
  if (port > 65535) {
    throw new UsageError(`--port must be at most 65535, got ${port}`);
  }
  const { withSignals } = await import("./signals.ts");
  try {
    await withSignals((signal) =>
      serve({
        port,
        signal,
        onListen: (url) => {
          console.log(url);
          console.error("Ctrl-C ends it.");
        },
      }), () => exit(EXIT.interrupted));
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    throw new UsageError(
      `--port ${port} is taken by another program: name another, or 0 for any`,
    );
  }
}
