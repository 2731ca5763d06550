/**
 * A counter-based random generator: random words as a pure function of a key
 * and a counter. There is no state to carry, and what a step draws does not
 * depend on the steps before it.
 *
 * @module
 */

/** Two 32-bit words, as unsigned numbers: a key, a counter, or random bits. */
export type Words<T = number> = readonly [T, T];

/** Arithmetic with 32-bit words, modulo 2³². */
export interface WordArithmetic<T> {
  /** A known word. */
  word(value: number): T;
  /** a + b. */
  add(a: T, b: T): T;
  /** a ⊕ b. */
  xor(a: T, b: T): T;
  /** The bits of x moved up by 0 < places < 32, in a circle. */
  rotate(x: T, places: number): T;
}

const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;
const PARITY = 0x1BD11BDA;
const ROUNDS = 20;

const numbers: WordArithmetic<number> = {
  word: (value) => value,
  add: (a, b) => (a + b) >>> 0,
  xor: (a, b) => (a ^ b) >>> 0,
  rotate: (x, places) => (x << places | x >>> (32 - places)) >>> 0,
};

/**
 * Threefry-2x32-20: 64 random bits for each key and counter.
 *
 * Source: Salmon et al., Parallel random numbers: as easy as 1, 2, 3 (SC 2011);
 * the same bits as Random123's and JAX's.
 *
 * @param key Two words.
 * @param counter Two words.
 */
export function threefry2x32(key: Words, counter: Words): Words {
  return threefryOn(numbers, key, counter);
}

/** The same on any words: one text is computed on numbers and traced. */
export function threefryOn<T>(
  on: WordArithmetic<T>,
  [k0, k1]: Words<T>,
  counter: Words<T>,
): Words<T> {
  const k = [k0, k1, on.xor(on.xor(k0, k1), on.word(PARITY))];
  let x0 = on.add(counter[0], k0);
  let x1 = on.add(counter[1], k1);
  for (let round = 1; round <= ROUNDS; round++) {
    x0 = on.add(x0, x1);
    x1 = on.xor(on.rotate(x1, ROTATIONS[(round - 1) % 8]!), x0);
    if (round % 4 > 0) continue;
    // The key goes in again, and how often it did.
    const times = round / 4;
    x0 = on.add(x0, k[times % 3]!);
    x1 = on.add(x1, on.add(k[(times + 1) % 3]!, on.word(times)));
  }
  return [x0, x1];
}
