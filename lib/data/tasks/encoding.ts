/**
 * How a pair of residues is given to a network: as tokens, or as numbers.
 *
 * @module
 */

import { permutation, type RandomStream } from "../../numeric/random.ts";

/** The encodings: those of the paper's Fig. 4 right, and `binary`, ours. */
export const encodingNames = ["two-hot", "scalar", "base-2", "binary"] as const;

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
  return permutation(2 ** bits, stream).slice(0, p)
    .map((code) => digitsOf(code, bits));
}

/**
 * Encodes pairs of residues as numbers. Scalars are n/p, in [0, 1); of the other
 * encodings a pair is the digits of a followed by those of b: in base 2, the most
 * significant first, ⌈log₂ p⌉ of each; or of the random codes.
 *
 * Source: Prieto et al. (arXiv 2501.04697), Fig. 4 right, and its published code,
 * which writes residues in base 2 and shuffles them before where it is told to;
 * that draws from the first p codes where the random codes are drawn from all. How
 * scalars are scaled is in neither.
 *
 * ```ts
 * import { encodePairs } from "@groklab/groklab/data";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(encodePairs([[1, 4]], 5, "scalar"), [[0.2, 0.8]]);
 * assertEquals(encodePairs([[1, 4]], 5, "base-2"), [[0, 0, 1, 1, 0, 0]]);
 * ```
 *
 * @param pairs Rows [a, b], each in 0..p-1.
 * @param p The modulus.
 * @param encoding Which encoding.
 * @param codes The code of each residue; only for the binary encoding.
 * @throws {RangeError} if a number is no residue, or has no code.
 */
export function encodePairs(
  pairs: readonly (readonly number[])[],
  p: number,
  encoding: Exclude<EncodingName, "two-hot">,
  codes: readonly (readonly number[])[] = [],
): number[][] {
  const bits = bitsFor(p);
  const numbersOf = {
    scalar: (n: number) => [n / p],
    "base-2": (n: number) => digitsOf(n, bits),
    binary: (n: number) => codes[n] ?? lacksCode(n, codes.length),
  }[encoding];
  return pairs.map((pair) =>
    pair.flatMap((n) => {
      if (Number.isInteger(n) && n >= 0 && n < p) return numbersOf(n);
      throw new RangeError(
        `Cannot encode the number ${n} modulo ${p}: wanted an integer in ` +
          `0..${p - 1}`,
      );
    })
  );
}

function lacksCode(n: number, codes: number): never {
  throw new RangeError(
    `Cannot encode the number ${n}: there are codes of the first ${codes} ` +
      "numbers, wanted one of each",
  );
}

// In base 2, the most significant digit first.
const digitsOf = (n: number, bits: number) =>
  Array.from({ length: bits }, (_, digit) => (n >> (bits - 1 - digit)) & 1);
