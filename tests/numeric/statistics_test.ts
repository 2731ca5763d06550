import { assertEquals } from "@std/assert";
import {
  everyNth,
  lowerMedian,
  mean,
  median,
  momentsOf,
  slopeOf,
  spearman,
  spreadOf,
} from "../../lib/numeric/statistics.ts";

Deno.test("mean() adds up one behind the other, and is NaN of none", () => {
  // From the other end 1 would be lost: 1e16 + 1 is 1e16.
  assertEquals(mean([1e16, -1e16, 1]), 1 / 3);
  assertEquals(mean([1, 1e16, -1e16]), 0);
  assertEquals(mean([]), NaN);
});

Deno.test("momentsOf() has n − 1 degrees of freedom", () => {
  assertEquals(momentsOf([1, 2, 3, 6]), {
    mean: 3,
    deviation: Math.sqrt(14 / 3),
  });
  assertEquals(momentsOf([1]), { mean: 1, deviation: NaN });
});

Deno.test("slopeOf() is that of least squares, NaN where no two x differ", () => {
  assertEquals(slopeOf([0, 1, 2, 3], [1, 3, 2, 4]), 4 / 5);
  assertEquals(slopeOf([2, 2], [1, 3]), NaN);
});

Deno.test("median() is between two, lowerMedian() the lower; both sort numbers", () => {
  const values = [10, 9, 1, 100];
  assertEquals([median(values), lowerMedian(values)], [9.5, 9]);
  assertEquals([median([10, 9, 1]), lowerMedian([10, 9, 1])], [9, 9]);
  assertEquals([median([]), lowerMedian([])], [NaN, NaN]);
  assertEquals(values, [10, 9, 1, 100]);
});

Deno.test("spreadOf() leaves out what is not finite", () => {
  assertEquals(spreadOf([NaN, 3, Infinity, 1]), {
    least: 1,
    median: 2,
    most: 3,
  });
  const none = { least: null, median: null, most: null };
  assertEquals(spreadOf([NaN]), none);
});

Deno.test("everyNth() has the first and the last", () => {
  assertEquals(everyNth([0, 1, 2, 3], 2), [0, 2, 3]);
  assertEquals(everyNth([0, 1, 2, 3, 4], 2), [0, 2, 4]);
  assertEquals(everyNth([], 1), []);
});

Deno.test("spearman() compares ranks, of equal numbers their mean", () => {
  assertEquals(spearman([1, 10, 100], [2, 3, 400]), 1);
  assertEquals(spearman([1, 10, 100], [5, 3, -1]), -1);
  // 1 − 6 Σd²/(n(n² − 1)) where no two are equal.
  assertEquals(spearman([1, 2, 3, 4], [2, 1, 4, 3]), 1 - 6 * 4 / 60);
  // Ranks 1, 2, 3 and 1.5, 1.5, 3: Pearson's is 1.5/√(2 · 1.5).
  assertEquals(spearman([1, 2, 3], [7, 7, 9]), 1.5 / Math.sqrt(3));
  assertEquals(spearman([1, 2], [3, 3]), NaN);
  assertEquals(spearman([1], [3]), NaN);
});
