/**
 * Random streams: one seed, and a stream of its own for every purpose, so that
 * drawing more or less for one purpose never moves another.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";
import type { Words } from "./threefry.ts";

/** A stream of random numbers. */
export interface RandomStream {
  /** A number in [0, 1), of 53 random bits. */
  uniform(): number;
  /** A number from the standard normal distribution. */
  normal(): number;
  /** An integer in 0..below-1. */
  integer(below: number): number;
}

/** What makes the random bits of a step: both are functions of key and counter. */
export type RandomGenerator = "squares" | "threefry";

/** Makes the stream of a purpose, such as `init/W_E`. */
export type RandomKey = (purpose: string) => RandomStream;

/** The first two words of a text's SHA-256: a key of the counter-based streams. */
export function wordsOf(text: string): Words {
  const hash = createHash("sha256").update(text).digest();
  return [hash.readUInt32LE(0), hash.readUInt32LE(4)];
}

/**
 * The streams of a seed. Streams of different purposes are independent: each
 * starts xoroshiro128+ at the SHA-256 of seed and purpose.
 *
 * ```ts
 * import { permutation, randomKey } from "@groklab/groklab/data";
 * import { assertEquals } from "@std/assert";
 *
 * const key = randomKey(0);
 * const rows = permutation(5, key("rows"));
 * assertEquals(rows.toSorted(), [0, 1, 2, 3, 4]);
 * assertEquals(permutation(5, randomKey(0)("rows")), rows);
 * ```
 *
 * @param seed A non-negative integer.
 */
export function randomKey(seed: number): RandomKey {
  return (purpose) => {
    const hash = createHash("sha256").update(`${seed}:${purpose}`).digest();
    const state = [0, 4, 8, 12].map((at) => hash.readInt32LE(at));
    const rng = xoroshiro128plusFromState(state);
    const uniform = () => uniformFloat64(rng);
    return {
      uniform,
      // Box–Muller; 1 − u keeps the logarithm's argument above 0.
      normal: () =>
        Math.sqrt(-2 * Math.log(1 - uniform())) *
        Math.cos(2 * Math.PI * uniform()),
      integer: (below) => uniformInt(rng, 0, below - 1),
    };
  };
}

/**
 * A random order of 0..length-1 (Fisher–Yates).
 *
 * @param length How many.
 * @param stream Where the randomness comes from.
 */
export function permutation(length: number, stream: RandomStream): number[] {
  const order = Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = stream.integer(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/**
 * Different integers out of 0..length-1 in random order: the first steps of a
 * Fisher–Yates shuffle, without the whole.
 *
 * @param count How many to draw, at most `length`.
 * @param length How many there are.
 * @param stream Where the randomness comes from.
 */
export function sample(
  count: number,
  length: number,
  stream: RandomStream,
): number[] {
  const moved = new Map<number, number>();
  const at = (i: number) => moved.get(i) ?? i;
  return Array.from({ length: count }, (_, i) => {
    const j = i + stream.integer(length - i);
    const drawn = at(j);
    moved.set(j, at(i));
    return drawn;
  });
}
