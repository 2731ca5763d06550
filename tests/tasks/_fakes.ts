/**
 * A PATH of programs that only pretend: what a machine has and lacks, without a
 * network.
 *
 * @module
 */

import { join } from "node:path";

/**
 * Makes a folder of programs.
 *
 * @param dir Where.
 * @param scripts What each does, in sh.
 * @returns The environment in which there are no others.
 */
export async function pathOf(
  dir: string,
  scripts: Readonly<Record<string, string>>,
): Promise<{ PATH: string }> {
  const bin = join(dir, "bin");
  await Deno.mkdir(bin);
  for (const [name, script] of Object.entries(scripts)) {
    const file = join(bin, name);
    await Deno.writeTextFile(file, `#!/bin/sh\n${script}\n`);
    await Deno.chmod(file, 0o755);
  }
  return { PATH: bin };
}
