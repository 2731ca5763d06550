/**
 * The rows of a sweep's runs, damaged ones named.
 *
 * @module
 */

import { FileError } from "../../base/files.ts";
import { MissingError, readMetrics } from "../../runs/read.ts";
import type { MetricsRow } from "../../runs/run_folder.ts";

/**
 * The rows of a run; none where it has none yet, or where they cannot be read.
 *
 * @param run Its folder.
 * @param problems Gets why they cannot be read.
 */
export async function rowsOf(
  run: string,
  problems: string[],
): Promise<readonly MetricsRow[]> {
  try {
    return await readMetrics(run);
  } catch (error) {
    if (error instanceof MissingError) return [];
    const damaged = error instanceof FileError || error instanceof SyntaxError;
    if (!damaged) throw error;
    problems.push(error.message);
    return [];
  }
}
