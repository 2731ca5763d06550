/** Intervals of shares and medians against statsmodels and SciPy (make_intervals.py). */

import { assertAlmostEquals, assertEquals } from "@std/assert";
import { bootstrapInterval } from "../../lib/numeric/intervals.ts";
import { median } from "../../lib/numeric/statistics.ts";
import { wilson } from "../../lib/sweeps/summaries/estimates.ts";
import golden from "../golden/intervals.json" with { type: "json" };

Deno.test("wilson() is statsmodels' interval to its last digits", () => {
  for (const { k, n, interval } of golden.wilson) {
    const [low, high] = wilson(k, n);
    assertAlmostEquals(low, interval[0]!, 1e-15, `${k} of ${n}`);
    assertAlmostEquals(high, interval[1]!, 1e-15, `${k} of ${n}`);
  }
});

Deno.test("bootstrapInterval() of medians ends where SciPy's does", () => {
  for (const { sample, interval } of golden.medians) {
    assertEquals(
      bootstrapInterval(sample, median) as number[],
      interval,
      `${sample.length} numbers`,
    );
  }
});
