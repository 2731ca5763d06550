import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { randomKey } from "../../lib/numeric/random.ts";
import {
  squares32,
  squaresKey,
  squaresOf,
  times,
  whole,
  wordsIn,
} from "../../lib/numeric/squares.ts";

// Words of randomgen's tests, squares-32-testset-1.csv and -2.csv, the lower half of
// each line first; the keys are those of their seeds, 0xdeadbeaf and 0.
const KNOWN: readonly [key: bigint, first: number, words: number[]][] = [
  [0x3bc8bca4d301945bn, 0, [
    ...[0x5167ea8b, 0x0e03102b, 0xe59f61d7, 0x943ac4d0],
    ...[0x55a66612, 0x8de30538, 0xc0fe52f5, 0x163e8e1a],
  ]],
  [0x3bc8bca4d301945bn, 1000, [0x71987484, 0xec395beb]],
  [0x32d1638d0d582acfn, 0, [
    ...[0x84ef8bb4, 0x4666b593, 0x366ada38, 0x8788c4c4],
    ...[0xe651d0b4, 0x7c583714, 0xf2732865, 0xc0258397],
  ]],
];

for (const [key, first, words] of KNOWN) {
  Deno.test(`squares32() of ${key.toString(16)} from ${first} on is randomgen's`, () => {
    assertEquals(
      words.map((_, i) => squares32([0, first + i], wordsIn(key))),
      words,
    );
  });
}

const MODULUS = 2n ** 64n;

// The paper's code, in whole numbers.
function squares(counter: bigint, key: bigint): number {
  const y = counter * key % MODULUS;
  const z = (y + key) % MODULUS;
  let x = y;
  for (const added of [y, z, y]) {
    x = (x * x + added) % MODULUS;
    x = x >> 32n | x << 32n & MODULUS - 1n;
  }
  return Number((x * x + z) % MODULUS >> 32n);
}

const long = fc.bigInt({ min: 0n, max: MODULUS - 1n });

Deno.test("squares32() of halves of words is that of whole numbers", () => {
  fc.assert(
    fc.property(long, long, (counter, key) => {
      const [c, k] = [wordsIn(counter), wordsIn(key)];
      assertEquals(squares32(c, k), squares(counter, key));
      const [high, low] = wordsIn((counter + 1n) * key);
      assertEquals(squaresOf(high, low, k), squares(counter + 1n, key));
      assertEquals([whole(c), whole(times(c, k))], [
        counter,
        counter * key % MODULUS,
      ]);
    }),
    { numRuns: 2000, seed: 1 },
  );
});

Deno.test("squaresKey() makes keys as the generator wants them, another for each seed", () => {
  const seen = new Set<bigint>();
  const places = Array.from({ length: 16 }, () => new Set<string>());
  for (let seed = 0; seed < 3000; seed++) {
    const key = squaresKey(randomKey(seed)("steps"));
    const digits = whole(key).toString(16).padStart(16, "0").split("");
    assert(!digits.includes("0"), digits.join(""));
    assertEquals(Number(`0x${digits.at(-1)}`) % 2, 1);
    assertEquals(new Set(digits.slice(8)).size, 8);
    for (let i = 0; i < 8; i++) assert(digits[i] !== digits[i + 1]);
    digits.forEach((digit, i) => places[i]!.add(digit));
    seen.add(whole(key));
  }
  assertEquals(seen.size, 3000);
  // Every digit that a place may have is there: eight odd ones in the last.
  assertEquals(places.map(({ size }) => size), [...Array(15).fill(15), 8]);
});
