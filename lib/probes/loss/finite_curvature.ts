/**
 * Measures of curvature where there is none that is finite.
 *
 * @module
 */

import type { ProbeContext } from "../context/context.ts";
import { NotApplicableError } from "../context/not_applicable.ts";

/**
 * Measures the curvature of a checkpoint's loss.
 *
 * @param context The checkpoint.
 * @param measure Measures; a RangeError says that a number is not finite.
 * @throws {NotApplicableError} if the curvature is not finite.
 */
export async function finiteCurvature<T>(
  { model }: ProbeContext,
  measure: () => Promise<T>,
): Promise<T> {
  try {
    return await measure();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new NotApplicableError(
      `The loss of ${model.source} has no finite curvature: ${error.message}`,
      { cause: error },
    );
  }
}
