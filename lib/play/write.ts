/**
 * The playground as a file, or served to this machine.
 *
 * @module
 */

import { extname } from "node:path";
import { UsageError } from "../base/errors.ts";
import { checkPlace, isAbsent, writeWhole } from "../base/files.ts";
import { checkOptions, type Checks, flag } from "../base/options.ts";
import {
  HTML,
  type Listening,
  serveLocally,
  TEXT,
} from "../report/local_server.ts";
import { playgroundPage } from "./html.ts";

/** How to write the playground. */
export interface PlayOptions {
  /** Replace the file that is there. */
  readonly overwrite?: boolean;
}

const OPTIONS: Checks<PlayOptions> = { overwrite: flag };

/**
 * Writes the playground: one HTML file in which a network is trained, with
 * groklab's own graph, in any browser that has WebAssembly.
 *
 * @param out The file, *.html.
 * @param options What to do with what is there.
 * @returns Its size in bytes.
 * @throws {UsageError} if the name has another ending, its folder is not there, or
 * the file is.
 * @throws {FileError} if it cannot be written.
 */
export async function writePlayground(
  out: string,
  options: PlayOptions = {},
): Promise<number> {
  checkOptions("writePlayground()", options, OPTIONS);
  if (extname(out) !== ".html") {
    throw new UsageError(`The page must be called *.html, got ${out}`);
  }
  await checkPlace(out);
  const there = await Deno.lstat(out).catch((error) => {
    if (!isAbsent(error)) throw error;
  });
  if (there && !options.overwrite) {
    throw new UsageError(
      `Cannot write ${out}, which is there already: say --overwrite to replace it`,
    );
  }
  const bytes = new TextEncoder().encode(await playgroundPage());
  await writeWhole(out, bytes);
  return bytes.length;
}

/**
 * Serves the playground to this machine until the signal.
 *
 * @param listening Where to listen, and until when.
 * @throws {Deno.errors.AddrInUse} if the port is taken.
 */
export async function servePlayground(listening: Listening): Promise<void> {
  const page = await playgroundPage();
  await serveLocally(
    (path) =>
      path === "/"
        ? { status: 200, headers: HTML, body: page }
        : { status: 404, headers: TEXT, body: "There is only /." },
    listening,
  );
}
