/**
 * Which of some files are what was written.
 *
 * @module
 */

import { readVerified } from "../base/verified.ts";
import { notice } from "../base/notices.ts";
import { checkArgument, list as listCheck } from "../base/options.ts";
import { DamagedError } from "../base/sums.ts";

/**
 * What comes of the first of some files whose bytes are what was written; a line
 * on stderr says which were not.
 *
 * @param paths The files, the one that is meant first.
 * @param attempt Reads one.
 * @throws {DamagedError} if all are damaged.
 * @throws {RangeError} if there are none.
 */
export async function firstWhole<T>(
  paths: readonly string[],
  attempt: (path: string) => Promise<T>,
): Promise<T> {
  let damage: DamagedError | undefined;
  for (const path of paths) {
    try {
      const found = await attempt(path);
      if (damage) notice(`${damage.message}; ${path} is taken`);
      return found;
    } catch (error) {
      if (!(error instanceof DamagedError)) throw error;
      damage ??= error;
    }
  }
  throw damage ??
    new RangeError(
      "Cannot take the first whole file of none: name one at least",
    );
}

/**
 * The last of some checkpoints whose bytes are what was written; a line on stderr
 * says which are not.
 *
 * @param checkpoints The checkpoints, oldest first, at least one.
 * @throws {DamagedError} if there is none.
 */
export function lastWhole<C extends { readonly path: string }>(
  checkpoints: readonly C[],
): Promise<C> {
  checkArgument("lastWhole()", "checkpoints", checkpoints, listCheck);
  const byPath = new Map(checkpoints.map((each) => [each.path, each]));
  return firstWhole([...byPath.keys()].reverse(), async (path) => {
    await readVerified(path);
    return byPath.get(path)!;
  });
}

/**
 * Those of some checkpoints whose bytes are what was written; a line on stderr
 * says which are not.
 *
 * @throws {DamagedError} if there is none.
 */
export async function wholeOnes<C extends { readonly path: string }>(
  checkpoints: readonly C[],
): Promise<C[]> {
  checkArgument("wholeOnes()", "checkpoints", checkpoints, listCheck);
  const whole: C[] = [];
  let first: DamagedError | undefined;
  for (const checkpoint of checkpoints) {
    const problem = await damageOf(checkpoint.path);
    if (!problem) whole.push(checkpoint);
    else notice(`${problem.message}; it is left out`);
    first ??= problem;
  }
  if (first && whole.length === 0) throw first;
  return whole;
}

async function damageOf(path: string): Promise<DamagedError | undefined> {
  try {
    await readVerified(path);
  } catch (error) {
    if (error instanceof DamagedError) return error;
    throw error;
  }
}
