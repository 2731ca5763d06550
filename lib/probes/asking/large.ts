/**
 * Whether a network has so many rows that one thread has memory enough to do, or
 * that there is not enough for something.
 *
 * @module
 */

import { definitionsOf } from "../../config/config.ts";
import { decodeTensors } from "../../onnx/file/read_tensors.ts";
import { limits } from "../context/chunks.ts";
import { memoryHere, memoryText } from "../../engine/memory.ts";
import { numbersPerRow } from "../../engine/size.ts";
import type { ExperimentAt } from "../context/experiment_at.ts";
import { NotApplicableError } from "../probe.ts";
import type { ProbeOptions } from "./probing.ts";
import type { Share } from "./threads.ts";
import { configOfMetadata } from "../context/task.ts";

/**
 * Whether what is asked has more logits than are had at once. What cannot be read
 * is said when it is asked.
 */
export async function hasManyLogits(
  { path, run, whole }: Share,
  { modulus }: ProbeOptions,
): Promise<boolean> {
  if (modulus !== undefined) return modulus ** 3 > limits.whole;
  const file = whole ? run!.checkpoints.at(-1)?.path ?? path : path;
  try {
    const bytes = await Deno.readFile(file);
    const metadata = decodeTensors(bytes, file).metadata("config");
    const config = configOfMetadata(metadata, file);
    const { total = 0, classes } = definitionsOf(config).task.form(config);
    return total * classes > limits.whole;
  } catch {
    return false;
  }
}

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
  const rows = train.labels.length;
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
