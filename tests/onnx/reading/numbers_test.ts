/** Numbers that formulas are written with, and those that were trained. */

import { assertEquals } from "@std/assert";
import { isWritten } from "../../../lib/onnx/reading/numbers.ts";

const { fround, f16round } = Math;

const written: Record<string, number> = {
  "nothing": 0,
  "a mask": -1e5,
  "no end": -Infinity,
  "a half": 0.5,
  "a tenth in float32": fround(0.1),
  "an epsilon": fround(1e-5),
  "the root of a width": fround(Math.sqrt(48)),
  "1 by the root of a width": fround(1 / Math.sqrt(33)),
  "the same in float16": f16round(1 / Math.sqrt(33)),
  "the fourth root, as keys and queries are each scaled": fround(32 ** -0.25),
  "the same below 0": -fround(32 ** -0.25),
  "of GELU": fround(0.044715),
  "of GELU, too": fround(Math.sqrt(2 / Math.PI)),
  "1 by p": 1 / 113,
};
const trained: Record<string, number> = {
  "a temperature": fround(1.3721),
  "a temperature in float64": 0.7310585786300049,
  "next to 1": fround(1.00001),
  "next to a root": fround(Math.SQRT2 + 1e-5),
  "three halves": 1.5,
  "seven tenths": fround(0.7),
};

for (const [name, x] of Object.entries(written)) {
  Deno.test(`a number of a formula: ${name}`, () =>
    assertEquals(isWritten(x), true));
}
for (const [name, x] of Object.entries(trained)) {
  Deno.test(`a number that was trained: ${name}`, () =>
    assertEquals(isWritten(x), false));
}

Deno.test("of trained numbers next to none is taken for a formula's", () => {
  // Weyl's sequence over two octaves: as even as it can be.
  const numbers = Array.from(
    { length: 20_000 },
    (_, i) => fround(0.5 + 2 * ((i * Math.SQRT2) % 1)),
  );
  assertEquals(numbers.filter(isWritten).length < 40, true);
});
