/**
 * How a pair of residues is given to a network: as tokens, or as numbers.
 *
 * @module
 */

import { permutation, type RandomStream } from "../../numeric/random.ts";

/** The encodings, in the order of the paper's Fig. 4 right. */
export const encodingNames = ["two-hot", "scalar", "binary"] as const;

/** The name of an encoding. */
export type EncodingName = (typeof encodingNames)[number];

/**
 * The fewest bits that tell p numbers apart, ⌈log₂ p⌉: 7 for 113, so that a pair
 * has the paper's 14.
 *
 * @param p How many numbers, 2 or more.
 */
export function bitsFor(p: number): number {
  return (p - 1).toString(2).length;
}

/**
 * A random binary code for each of 0..p-1, all different: p of the 2^bits codes,
 * drawn without putting one back.
 *
 * @param p How many numbers.
 * @param bits Length of a code, at most 20.
 * @param stream Where the randomness comes from.
 * @returns p rows of 0 and 1.
 * @throws {RangeError} if there are fewer than p codes.
 */
export function binaryCodes(
  p: number,
  bits: number,
  stream: RandomStream,
): number[][] {
  if (p > 2 ** bits) {
    throw new RangeError(
      `Cannot give ${p} numbers different codes of ${bits} bits: ` +
        `there are ${2 ** bits}, wanted at least ${bitsFor(p)} bits`,
    );
  }
  return permutation(2 ** bits, stream).slice(0, p).map((code) =>
    Array.from({ length: bits }, (_, bit) => (code >> (bits - 1 - bit)) & 1)
  );
}

/**
 * Encodes pairs of residues as numbers. Scalars are n/p, in [0, 1); of the
 * binary encoding a pair is the code of a followed by that of b.
 *
 * Source: Prieto et al. (arXiv 2501.04697), Fig. 4 right. The paper does not say
 * how it scales its scalars; its published code shuffles the residues and writes
 * them in base 2, which draws from the first p codes where this draws from all.
 *
 * ```ts
 * import { encodePairs } from "@groklab/groklab/data";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(encodePairs([[1, 4]], 5, "scalar", []), [[0.2, 0.8]]);
 * ```
 *
 * @param pairs Rows [a, b], each in 0..p-1.
 * @param p The modulus.
 * @param encoding Which encoding.
 * @param codes The code of each residue; only for the binary encoding.
 */
export function encodePairs(
  pairs: readonly (readonly number[])[],
  p: number,
  encoding: Exclude<EncodingName, "two-hot">,
  codes: readonly (readonly number[])[] = [],
): number[][] {
  return encoding === "scalar"
    ? pairs.map((pair) => pair.map((n) => n / p))
    : pairs.map((pair) => pair.flatMap((n) => codes[n]!));
}
