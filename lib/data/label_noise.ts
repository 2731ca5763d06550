/**
 * Wrong labels.
 *
 * @module
 */

import type { Examples } from "./dataset.ts";
import { type RandomStream, sample } from "../numeric/random.ts";

/**
 * Gives a share of the rows another class than their own, drawn evenly from the
 * others: round(share · n) rows, so that none of them keeps its label by chance.
 *
 * ```ts
 * import { modular, randomKey, withLabelNoise } from "@groklab/groklab/data";
 * import { assertEquals } from "@std/assert";
 *
 * const sums = modular("add", 5);
 * const noisy = withLabelNoise(sums, 0.2, 5, randomKey(0)("noise"));
 * const wrong = noisy.labels.filter((label, row) =>
 *   label !== sums.labels[row]
 * );
 * assertEquals(wrong.length, 5); // of 25
 * ```
 *
 * @param examples The rows.
 * @param share Which share, in [0, 1].
 * @param classes How many classes there are, at least 2.
 * @param stream Where the randomness comes from.
 * @returns The same inputs with the new labels.
 */
export function withLabelNoise(
  examples: Examples,
  share: number,
  classes: number,
  stream: RandomStream,
): Examples {
  const { labels } = examples;
  const noisy = [...labels];
  const wrong = Math.round(share * labels.length);
  for (const row of sample(wrong, labels.length, stream)) {
    noisy[row] = (labels[row]! + 1 + stream.integer(classes - 1)) % classes;
  }
  return { ...examples, labels: noisy };
}
