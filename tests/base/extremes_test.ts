import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { append, hypotOf, maxOf, minOf } from "../../lib/base/extremes.ts";

const numbers = fc.array(fc.double(), { maxLength: 20 });

Deno.test("largest, least and length are what Math says of few numbers", () => {
  fc.assert(fc.property(numbers, (values) => {
    assertEquals(maxOf(values), Math.max(...values));
    assertEquals(minOf(values), Math.min(...values));
    const [own, expected] = [hypotOf(values), Math.hypot(...values)];
    // Each of 20 squares, the sum, the root and the product is rounded.
    const near = Math.abs(own - expected) <= 24 * Number.EPSILON * expected;
    assertEquals(near || Object.is(own, expected), true, `${own} ${expected}`);
  }));
});

Deno.test("a million numbers are as good as three", () => {
  const values = Float64Array.from({ length: 1e6 }, (_, i) => i - 5);
  // What the helpers are for.
  assertThrows(() => Math.max(...values), RangeError);
  assertEquals(maxOf(values), 999_994);
  assertEquals(minOf(values), -5);
  assertEquals(hypotOf(new Float64Array(1e6).fill(3)), 3000);
  const list = [1];
  append(list, values);
  assertEquals([list.length, list[1], list.at(-1)], [1_000_001, -5, 999_994]);
});

Deno.test("lengths neither overflow nor vanish", () => {
  // Powers of two, so that nothing is rounded.
  for (const unit of [2 ** 1000, 2 ** -1000]) {
    assertEquals(hypotOf([3 * unit, 4 * unit]), 5 * unit);
  }
  assertEquals(hypotOf([NaN, -Infinity]), Infinity);
  assertEquals(hypotOf([NaN, 1]), NaN);
  assertEquals([hypotOf([]), hypotOf([-0, 0])], [0, 0]);
});
