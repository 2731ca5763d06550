/**
 * Sparse parity.
 *
 * @module
 */

import { integer, type Setting } from "../../settings/setting.ts";
import { checkOptions, type Checks, only, whole } from "../../base/options.ts";
import type { Dataset } from "../dataset.ts";
import { defineTask, type TaskDefinition } from "../definition.ts";
import type { RandomStream } from "../../numeric/random.ts";

/** The size of a sparse parity task. */
export interface ParityOptions {
  /** Length n of each bit vector. */
  readonly bits: number;
  /** The label is the parity of the first k bits; the others are noise. */
  readonly parityBits: number;
  /** How many different vectors to draw. */
  readonly samples: number;
}

const PARITY: Checks<ParityOptions> = {
  bits: whole(1),
  parityBits: whole(1),
  samples: whole(1),
};

/**
 * Different random bit vectors with the parity of their first k bits as label.
 *
 * @param options n, k and the number of vectors.
 * @param stream Where the randomness comes from.
 * @returns Rows of n bits, two classes.
 * @throws {RangeError} if k > n, or if there are fewer vectors than wanted.
 */
export function parity(
  options: ParityOptions,
  stream: RandomStream,
): Dataset {
  checkOptions("parity()", options, PARITY, ["bits", "parityBits", "samples"]);
  const { bits, parityBits, samples } = options;
  if (parityBits > bits) {
    throw new RangeError(
      `Cannot take the parity of ${parityBits} bits: the inputs have ${bits}`,
    );
  }
  if (samples > 2 ** bits) {
    throw new RangeError(
      `Cannot draw ${samples} different vectors of ${bits} bits: ` +
        `there are ${2 ** bits}`,
    );
  }
  // Drawn until there are enough different ones; where most of all vectors are
  // wanted the last few take a while, but never more than a few times 2ⁿ draws.
  const rows = new Map<string, number[]>();
  while (rows.size < samples) {
    const row = Array.from({ length: bits }, () => stream.integer(2));
    rows.set(row.join(""), row);
  }
  const inputs = [...rows.values()];
  const labels = inputs.map((row) =>
    row.slice(0, parityBits).reduce((sum, bit) => sum + bit, 0) % 2
  );
  return { inputs, labels, classes: 2 };
}

/** Sparse parity's settings. */
export type ParitySettings = {
  readonly [key in "bits" | "parityBits" | "samples"]: Setting<number>;
};

/** The task of finding the few bits that count. */
export const parityTask: TaskDefinition<ParitySettings> = defineTask({
  summary: "parity of k out of n bits",
  settings: {
    bits: integer([1, 4096], 43, "<n>", "parity: bits of an input"),
    parityBits: integer([1, 4096], 3, "<k>", "parity: bits that count"),
    samples: integer([2, 1_000_000], 2000, "<n>", "parity: how many inputs"),
  },
  check({ bits, parityBits, samples }) {
    if (parityBits > bits) {
      return `--parity-bits must be at most --bits ${bits}, got ${parityBits}`;
    }
    if (samples > 2 ** bits) {
      return `--samples must be at most ${
        2 ** bits
      }, the number of different ` +
        `vectors of ${bits} bits, got ${samples}`;
    }
  },
  form: ({ bits, samples }) => ({
    input: { kind: "numbers", width: bits, name: "bits" },
    classes: 2,
    total: samples,
  }),
  dataset: (config, key) => parity(only(config, PARITY), key("data")),
  describe: ({ bits, parityBits }) =>
    `parity of ${parityBits} out of ${bits} bits`,
});
