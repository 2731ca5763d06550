/**
 * tfjs-node as its own install script makes it, with libtensorflow 2.9.1.
 *
 * @module
 */

import { join } from "node:path";
import { NODE_PACKAGE } from "../../devices/tfjs/node.ts";
import type { Run } from "./commands.ts";
import { protobuf, standInForTfjs, tfjsNode } from "./packages.ts";

/**
 * Installs the package with npm, its script included, and keeps of it what is
 * needed beside the project's own tfjs-core.
 *
 * @param folder The folder being set up.
 * @param isGpu Whether CUDA's variant: CUDA 11.2 with cuDNN 8.1 must be there.
 */
export async function fetchStock(
  folder: string,
  isGpu: boolean,
  run: Run,
): Promise<void> {
  const name = isGpu ? `${NODE_PACKAGE}-gpu` : NODE_PACKAGE;
  const all = join(folder, "npm");
  await Deno.mkdir(all);
  await run("install the stock tfjs-node", "npm", [
    ...["install", "--prefix", all, "--no-save", "--no-package-lock"],
    ...[
      "--no-audit",
      "--no-fund",
      "--loglevel=error",
      "--ignore-scripts=false",
      // The repository's own .npmrc reaches here through npx.
      "--no-engine-strict",
    ],
    `${name}@${tfjsNode.version}`,
  ], {
    cwd: all,
    mend: "without --stock libtensorflow comes from the official wheel",
  });
  const modules = join(folder, "node_modules");
  await Deno.mkdir(join(modules, "@tensorflow"), { recursive: true });
  for (
    const [from, to] of [
      [name, NODE_PACKAGE],
      [protobuf.name, protobuf.name],
    ] as const
  ) {
    await Deno.rename(join(all, "node_modules", from), join(modules, to));
  }
  await Deno.remove(all, { recursive: true });
  await standInForTfjs(folder);
}
