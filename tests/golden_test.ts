/** assertClose() itself: what it lets pass, and what it names. */

import { assertThrows } from "@std/assert";
import { assertClose } from "./_golden.ts";

const tolerance = { relative: 0, absolute: 1e-6 };

const close = (actual: number[], expected: number[], within = tolerance) =>
  assertClose(actual, expected, within, "numbers");

function refused(
  actual: number[],
  expected: number[],
  message: string,
  within = tolerance,
): void {
  assertThrows(() => close(actual, expected, within), message);
}

Deno.test("assertClose() takes numbers within the tolerance, equal ones and equal non-numbers", () => {
  close([], []);
  close([1, 1 + 1e-7], [1, 1]);
  close([0.1], [0.1], { relative: 0, absolute: 0 });
  close([NaN, Infinity, -Infinity, -0], [NaN, Infinity, -Infinity, 0]);
  // 100 is off by 0.5 %, half of what is allowed.
  close([100.5], [100], { relative: 0.01, absolute: 0 });
});

Deno.test("assertClose() names the first NaN, whatever follows and precedes it", () => {
  const message = (i: number) => `numbers: element ${i} is NaN, wanted 1`;
  refused([NaN], [1], message(0));
  refused([NaN, 1], [1, 1], message(0));
  refused([NaN, 1 + 1e-7], [1, 1], message(0));
  refused([NaN, 2], [1, 1], message(0));
  refused([1, 1 + 1e-7, NaN, 1 + 1e-8, NaN], [1, 1, 1, 1, 1], message(2));
  refused([5, NaN], [1, 1], message(1));
});

Deno.test("assertClose() refuses what is finite on one side only", () => {
  refused([1, 1], [1, NaN], "element 1 is 1, wanted NaN");
  refused([NaN, 1 + 1e-7], [Infinity, 1], "element 0 is NaN");
  refused([1e308, 1 + 1e-7], [Infinity, 1], "element 0 is 1e+308", {
    relative: 1e-6,
    absolute: 1e-6,
  });
  refused([-Infinity, 1 + 1e-7], [Infinity, 1], "element 0 is -Infinity");
  refused([Infinity, 1 + 1e-7], [1, 1], "element 0 is Infinity");
});

Deno.test("assertClose() names the worst number and how far off it is", () => {
  refused(
    [1.000002, 1.000004, 1.000003],
    [1, 1, 1],
    "numbers: element 1 is 1.000004, wanted 1 (4.00 times the tolerance)",
  );
  refused([102], [100], "(2.00 times the tolerance)", {
    relative: 0.01,
    absolute: 0,
  });
  refused([0.2, 0.1 + 1e-16], [0.2, 0.1], "element 1", {
    relative: 0,
    absolute: 0,
  });
  refused([1, 1], [1], "numbers: 2 numbers, wanted 1");
  refused([], [1], "numbers: 0 numbers, wanted 1");
});
