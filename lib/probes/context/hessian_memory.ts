import { numbersPerRow } from "../../../models/size.ts";
import { memoryHere, memoryText } from "../../engine/memory.ts";
import type { ExperimentAt } from "./experiment_at.ts";
import { NotApplicableError } from "./not_applicable.ts";

// A row's activations, their gradients, and the derivatives of both along a vector
// are there at the same time: 20 to 24 times the widest, as measured, and 30 % less
// than the least of these is what is refused.
const OF_HESSIAN = 14;

/**
 * Refuses products with the Hessian, which are of all train rows at once in double
 * precision, where they cannot fit into memory.
 *
 * @param experiment What is differentiated.
 * @param available How many bytes there are; nothing is refused where that is not
 * known.
 * @throws {NotApplicableError} naming both sizes.
 */
export function checkHessian(
  { split: { train }, model }: Pick<ExperimentAt, "split" | "model">,
  available: number | undefined = memoryHere(),
): void {
  const rows = train.inputs.length;
  const bytes = OF_HESSIAN * 8 * rows * numbersPerRow({ model });
  if (available === undefined || bytes <= available) return;
  throw new NotApplicableError(
    `The Hessian of ${rows} train rows takes at least ${
      memoryText(bytes)
    } of ` +
      `memory, and there are ${
        memoryText(available)
      }: it is known of fewer rows`,
  );
}
