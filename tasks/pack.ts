/**
 * `deno task pack`: makes the npm package that `npx` runs.
 *
 * @module
 */

import { isAbsolute, resolve } from "node:path";
import deno from "../deno.json" with { type: "json" };
import { command, main, path } from "./shared/cli.ts";

const task = command("pack", "Make the npm package of groklab, a tarball.")
  .option(
    "--out <file>",
    `where to write it (default: groklab-${deno.version}.tgz)`,
    path,
  )
  .action(async ({ out = `groklab-${deno.version}.tgz` }) => {
    const { pack } = await import("./pack/pack.ts");
    const files = await pack(resolve(out));
    console.log(out);
    const spec = isAbsolute(out) ? out : `./${out}`;
    console.error(`${files.length} files; try it: npx ${spec} train`);
  });

if (import.meta.main) await main(task);
