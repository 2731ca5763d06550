/**
 * Runs by their names, where a command takes a run's folder.
 *
 * @module
 */

import { isAbsent } from "../../lib/base/files.ts";

/**
 * The folder of the run in `runs/` that has a name, or whose folder is called so;
 * what is a path, or is nothing's name, stays as it is.
 *
 * @param named What the user wrote.
 */
export async function runNamed(named: string): Promise<string> {
  if (named === "" || /[\\/]/.test(named)) return named;
  const there = await Deno.lstat(named).then(() => true, (e) => !isAbsent(e));
  if (there) return named;
  // Who names a path waits for no list of runs.
  const { runCalled } = await import("../../lib/store/find.ts");
  return await runCalled(named) ?? named;
}
