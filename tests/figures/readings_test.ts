import { assert, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { percent } from "../../lib/figures/readings.ts";

Deno.test("percent: two figures, and what is not all of it is not 100 %", () => {
  assertEquals(
    [0, 0.0123, 0.294, 0.995, 0.9951, 7660 / 7661, 0.9999999, 1].map(percent),
    [
      "0.0 %",
      "1.2 %",
      "29 %",
      "99.50 %",
      "99.51 %",
      "99.99 %",
      "99.99 %",
      "100 %",
    ],
  );
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (x) => {
        assertNotEquals(percent(x), "100 %");
        assert(x === 0 || parseFloat(percent(x)) > 0, `${x}: ${percent(x)}`);
      },
    ),
  );
});
