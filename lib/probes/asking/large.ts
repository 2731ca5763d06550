/**
 * Whether a network has so many rows that one thread has memory enough to do, or
 * that there is not enough for something.
 *
 * @module
 */

import { definitionsOf } from "../../config/config.ts";
import { decodeTensors } from "../../onnx/file/read_tensors.ts";
import { limits } from "../context/chunks.ts";
import { configOfMetadata } from "../context/task.ts";
import type { ProbingWork } from "./messages.ts";
import type { ProbeOptions } from "./options.ts";

/**
 * Whether what is asked has more logits than are had at once. What cannot be read
 * is said when it is asked.
 */
export async function hasManyLogits(
  { path, run, whole }: ProbingWork,
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
