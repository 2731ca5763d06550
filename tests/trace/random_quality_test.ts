/**
 * The usual statistical tests, of bits as dropout and orders take them: neighbours
 * in a row, rows, steps, seeds and purposes. Seeds are fixed, so nothing is left to
 * chance; a bound of five standard deviations would be missed once in two million
 * times by random bits.
 *
 * Source: Knuth, The Art of Computer Programming 2, Section 3.3.2; NIST SP 800-22
 * (monobit, runs); Marsaglia & Tsang, J. Stat. Softw. 7 (2002): birthday spacings.
 *
 * @module
 */

import { assert } from "@std/assert";
import { randomKey, wordsOf } from "../../lib/numeric/random.ts";
import { squares32, squaresKey, wordsIn } from "../../lib/numeric/squares.ts";
import type { Words } from "../../lib/numeric/threefry.ts";
import { counterOf } from "../../lib/trace/operators/random_counters.ts";

const SIGMAS = 5;
const keyOf = (seed: number) => squaresKey(randomKey(seed)("steps"));
const PURPOSE = wordsOf("dropout/layers.0.hook_post");
const OTHER = wordsOf("dropout/layers.1.hook_post");

const wordAt = (
  key: Words,
  purpose: Words,
  step: number,
  row: number,
  block: number,
) => squares32(wordsIn(counterOf(purpose, step, row, block)), key);

const [KEY, NEXT] = [keyOf(0), keyOf(1)];
const COUNT = 2 ** 15;

/** Words in a row along each way in which counters are counted. */
const ALONG: Readonly<Record<string, (i: number) => number>> = {
  blocks: (i) => wordAt(KEY, PURPOSE, 0, 0, i),
  rows: (i) => wordAt(KEY, PURPOSE, 0, i, 0),
  steps: (i) => wordAt(KEY, PURPOSE, i, 0, 0),
  "rows of 100 blocks": (i) =>
    wordAt(KEY, PURPOSE, 7, Math.floor(i / 100), i % 100),
  "steps of 10 rows": (i) =>
    wordAt(KEY, PURPOSE, Math.floor(i / 10), i % 10, 3),
};

/** Pairs of words that differ in one thing. */
const PAIRS: Readonly<Record<string, (i: number) => [number, number]>> = {
  steps: (i) => [
    wordAt(KEY, PURPOSE, 5, i, 0),
    wordAt(KEY, PURPOSE, 6, i, 0),
  ],
  rows: (i) => [wordAt(KEY, PURPOSE, 5, 2, i), wordAt(KEY, PURPOSE, 5, 3, i)],
  blocks: (i) => [wordAt(KEY, PURPOSE, i, 2, 0), wordAt(KEY, PURPOSE, i, 2, 1)],
  seeds: (i) => [wordAt(KEY, PURPOSE, 5, 0, i), wordAt(NEXT, PURPOSE, 5, 0, i)],
  purposes: (i) => [wordAt(KEY, PURPOSE, 5, 0, i), wordAt(KEY, OTHER, 5, 0, i)],
};

const halves = (word: number) => [word >>> 16, word & 0xFFFF];

function within(found: number, mean: number, deviation: number, what: string) {
  const z = (found - mean) / deviation;
  assert(Math.abs(z) < SIGMAS, `${what}: ${found}, wanted ${mean}: ${z} sigma`);
}

/** χ² of how often each of some cells was hit, all of them as likely. */
function chiSquare(cells: ArrayLike<number>, bins: number, what: string) {
  const counts = new Float64Array(bins);
  for (let i = 0; i < cells.length; i++) counts[cells[i]!]! += 1;
  const mean = cells.length / bins;
  const sum = counts.reduce((sum, n) => sum + (n - mean) ** 2 / mean, 0);
  within(sum, bins - 1, Math.sqrt(2 * (bins - 1)), what);
}

const words = Object.fromEntries(
  Object.entries(ALONG).map(([along, word]) => [
    along,
    Uint32Array.from({ length: COUNT }, (_, i) => word(i)),
  ]),
);

for (const [along, all] of Object.entries(words)) {
  Deno.test(`along ${along}, every bit is set as often as not (monobit)`, () => {
    for (let bit = 0; bit < 32; bit++) {
      const ones = all.reduce((sum, word) => sum + (word >>> bit & 1), 0);
      within(ones, COUNT / 2, Math.sqrt(COUNT) / 2, `bit ${bit}`);
    }
  });

  Deno.test(`along ${along}, a bit changes every other time (runs)`, () => {
    for (let bit = 0; bit < 32; bit++) {
      let runs = 0;
      for (let i = 1; i < COUNT; i++) {
        runs += (all[i]! ^ all[i - 1]!) >>> bit & 1;
      }
      within(runs, (COUNT - 1) / 2, Math.sqrt(COUNT - 1) / 2, `bit ${bit}`);
    }
  });

  Deno.test(`along ${along}, levels are as often and follow as often (chi-square)`, () => {
    for (const half of [0, 1]) {
      const levels = Array.from(all, (word) => halves(word)[half]!);
      chiSquare(levels.map((x) => x >>> 8), 256, `upper bits of ${half}`);
      chiSquare(levels.map((x) => x & 0xFF), 256, `lower bits of ${half}`);
      chiSquare(
        levels.slice(1).map((x, i) => levels[i]! >>> 12 << 4 | x >>> 12),
        256,
        `pairs of ${half}`,
      );
    }
  });

  Deno.test(`along ${along}, levels are not correlated with later ones`, () => {
    const centred = Float64Array.from(all, (word) => (word >>> 16) - 32767.5);
    // The deviation of a product of two uniform levels.
    const variance = (2 ** 32 - 1) / 12;
    for (let lag = 1; lag <= 20; lag++) {
      let sum = 0;
      for (let i = lag; i < COUNT; i++) sum += centred[i]! * centred[i - lag]!;
      within(sum, 0, variance * Math.sqrt(COUNT - lag), `lag ${lag}`);
    }
  });

  Deno.test(`along ${along}, spacings of birthdays are equal as often as they should`, () => {
    // 512 birthdays in a year of 2²⁴ days: spacings that are there already are
    // Poisson's, of mean 512³/(4 · 2²⁴) = 2.
    const [birthdays, days] = [512, 2 ** 24];
    const samples = COUNT / birthdays;
    let repeated = 0;
    for (let sample = 0; sample < samples; sample++) {
      const dates = all.subarray(sample * birthdays, (sample + 1) * birthdays)
        .map((word) => word % days).sort();
      const spacings = dates.map((date, i) => date - (dates[i - 1] ?? 0))
        .sort();
      for (let i = 1; i < birthdays; i++) {
        if (spacings[i] === spacings[i - 1]) repeated += 1;
      }
    }
    within(repeated, 2 * samples, Math.sqrt(2 * samples), "repeated spacings");
  });
}

for (const [what, pair] of Object.entries(PAIRS)) {
  Deno.test(`bits of neighbouring ${what} have nothing to do with each other`, () => {
    const pairs = Array.from({ length: COUNT }, (_, i) => pair(i));
    for (let bit = 0; bit < 32; bit++) {
      const same = pairs.filter(([a, b]) => (a ^ b) >>> bit & 1).length;
      within(same, COUNT / 2, Math.sqrt(COUNT) / 2, `bit ${bit}`);
    }
    let sum = 0;
    for (const [a, b] of pairs) {
      sum += ((a >>> 16) - 32767.5) * ((b >>> 16) - 32767.5);
    }
    within(sum, 0, (2 ** 32 - 1) / 12 * Math.sqrt(COUNT), "correlation");
    chiSquare(pairs.map(([a, b]) => a >>> 28 << 4 | b >>> 28), 256, "pairs");
  });
}

Deno.test("whichever bit of the counter changes, half the bits change (avalanche)", () => {
  const samples = 2 ** 10;
  for (let bit = 0n; bit < 64n; bit++) {
    const changed = new Float64Array(32);
    for (let i = 0; i < samples; i++) {
      const counter = counterOf(PURPOSE, i, i % 7, i % 11);
      const difference = squares32(wordsIn(counter), KEY) ^
        squares32(wordsIn(counter ^ 1n << bit), KEY);
      for (let out = 0; out < 32; out++) {
        changed[out]! += difference >>> out & 1;
      }
    }
    changed.forEach((count, out) =>
      within(count, samples / 2, Math.sqrt(samples) / 2, `bit ${bit} to ${out}`)
    );
  }
});

Deno.test("no counter of a step is another's: neither of purposes, rows nor blocks", () => {
  const seen = new Set<bigint>();
  let counters = 0;
  for (const purpose of [PURPOSE, OTHER]) {
    for (let step = 0; step < 20; step++) {
      for (let row = 0; row < 50; row++) {
        for (const block of [0, 1, 2, 2 ** 20 - 2, 2 ** 20 - 1]) {
          seen.add(counterOf(purpose, step, row, block));
          counters += 1;
        }
      }
    }
  }
  assert(seen.size === counters);
});
