import { assert, assertEquals } from "@std/assert";
import { bootstrapInterval } from "../../lib/numeric/intervals.ts";
import { lowerMedian, mean } from "../../lib/numeric/statistics.ts";

const to = (n: number) => Array.from({ length: n }, (_, i) => i);

Deno.test("bootstrapInterval() of a mean is what the normal distribution says", () => {
  // 1000 numbers 0..999: the mean's standard error is √((n² − 1)/12)/√n = 9.13, and
  // 1.96 of these are 17.9. The 2.5th percentile of 10,000 draws has a standard error
  // of √(0.025·0.975/10⁴)/φ(1.96) = 0.027 standard deviations, 0.24: five of them.
  const [low, high] = bootstrapInterval(to(1000), mean);
  const half = 1.96 * Math.sqrt((1000 ** 2 - 1) / 12 / 1000);
  assert(Math.abs(499.5 - half - low) < 5 * 0.24, `${low}`);
  assert(Math.abs(499.5 + half - high) < 5 * 0.24, `${high}`);
});

Deno.test("bootstrapInterval() gives the same again, and with another seed another", () => {
  const values = to(50).map((i) => i ** 2);
  const first = bootstrapInterval(values, mean);
  assertEquals(bootstrapInterval(values, mean), first);
  assert(bootstrapInterval(values, mean, { seed: 1 })[0] !== first[0]);
});

Deno.test("bootstrapInterval() has ends that the statistic has, infinite ones too", () => {
  // Of 32 of 64 that never came the median is 31; with one more drawn, never.
  const values = [...to(32), ...Array(32).fill(Infinity)];
  const [low, high] = bootstrapInterval(values, lowerMedian);
  assert(Number.isInteger(low) && low < 31, `${low}`);
  assertEquals(high, Infinity);
  assertEquals(bootstrapInterval([3], lowerMedian), [3, 3]);
  assertEquals(bootstrapInterval([], lowerMedian), [NaN, NaN]);
});

Deno.test("bootstrapInterval() cuts off a fortieth on either side", () => {
  // Each resample gives its own number, 0..999 in some order.
  let count = 0;
  const [low, high] = bootstrapInterval([1, 2], () => count++, {
    resamples: 1000,
  });
  assertEquals([low, high], [25, 974]);
});
