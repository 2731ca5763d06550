/**
 * A counter-based random generator of products, sums and a rotation alone: what
 * runtimes compute on every device, where bit operations are often missing.
 *
 * @module
 */

import type { RandomStream } from "./random.ts";
import type { Words } from "./threefry.ts";

const WORD = 2 ** 32;

/**
 * squares32: 32 random bits for each key and counter, both numbers of 64 bits of
 * which the first word is the upper one.
 *
 * Source: Widynski, Squares: A fast counter-based RNG (arXiv 2004.06278), with four
 * rounds; it passes BigCrush and PractRand. The same bits as randomgen's Squares.
 *
 * @param counter Any two words.
 * @param key Two words of {@link squaresKey}: others may be poor.
 */
export function squares32(counter: Words, key: Words): number {
  const [high, low] = times(counter, key);
  return squaresOf(high, low, key);
}

/**
 * The bits of a counter whose product with the key is known: counters in a row
 * have products that lie a key apart. Without lists, it takes a tenth of the time.
 *
 * @param high The upper word of counter · key, modulo 2⁶⁴.
 * @param low The lower one.
 * @param key The key.
 */
export function squaresOf(high: number, low: number, key: Words): number {
  const next = low + key[1];
  const nextLow = next >>> 0;
  const nextHigh = (high + key[0] + (next >= WORD ? 1 : 0)) >>> 0;
  let upper = high;
  let lower = low;
  for (let round = 1;; round++) {
    // The square of the lower word is a² 2³² + 2ab 2¹⁶ + b².
    const a = lower >>> 16;
    const b = lower & 0xFFFF;
    const ab = a * b;
    const odd = round % 2 > 0;
    const sum = b * b + (ab & 0x7FFF) * 2 ** 17 + (odd ? low : nextLow);
    const random = a * a + (ab >>> 15) + 2 * (Math.imul(upper, lower) >>> 0) +
      Math.floor(sum / WORD) + (odd ? high : nextHigh);
    // The upper word is what is random; it is the lower one of the next round.
    if (round === 4) return random >>> 0;
    upper = sum >>> 0;
    lower = random >>> 0;
  }
}

/** a · b modulo 2⁶⁴. */
export function times(a: Words, b: Words): Words {
  return wordsIn(whole(a) * whole(b));
}

/** The number that two words are. */
export function whole([high, low]: Words): bigint {
  return BigInt(high) << 32n | BigInt(low);
}

/** The two words of a number, modulo 2⁶⁴. */
export function wordsIn(value: bigint): Words {
  return [
    Number(BigInt.asUintN(32, value >> 32n)),
    Number(BigInt.asUintN(32, value)),
  ];
}

/**
 * A key such as the generator wants: hexadecimal digits 1 to 15, of which the last
 * is odd, the last eight are different, and none of the others is as the one behind
 * it.
 *
 * Source: Widynski's utility for keys, as randomgen's `generate_keys` states it.
 *
 * @param stream Where its digits come from.
 */
export function squaresKey(stream: RandomStream): Words {
  const digits = [2 * stream.integer(8) + 1];
  const left = Array.from({ length: 15 }, (_, i) => i + 1);
  while (digits.length < 16) {
    // What the last eight have must not come again, then what stands before.
    const taken = digits.length < 8 ? digits : digits.slice(-1);
    const free = left.filter((digit) => !taken.includes(digit));
    digits.push(free[stream.integer(free.length)]!);
  }
  return wordsIn(digits.reduceRight((key, d) => key * 16n + BigInt(d), 0n));
}
