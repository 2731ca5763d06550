/** Tensors of a host are of a type that there is. */

import { assertEquals, assertThrows } from "@std/assert";
import * as groklab from "../_entries.ts";

Deno.test("a host tensor is of a type that there is, and holds what was given", () => {
  const make = (dtype: string, values: number[], shape = [values.length]) =>
    groklab.hostTensorOf(dtype as "int32", shape, values);
  for (const dtype of ["float99", "", "toString"]) {
    assertThrows(
      () => make(dtype, [1]),
      TypeError,
      `Cannot make a tensor of ${dtype}: there are float16, float32, `,
    );
  }
  // Shapes that no tensor has, whose product fits.
  for (const shape of [[-1, -2], [0.5, 4], [NaN], [2, 2], [3]]) {
    assertThrows(
      () => make("float32", [1, 2], shape),
      RangeError,
      "of shape [",
    );
  }
  const wrong: [string, number][] = [
    ["int32", 2 ** 31],
    ["int32", -(2 ** 31) - 1],
    ["int32", 1.5],
    ["int32", NaN],
    ["int64", 0.5],
    ["int64", 2 ** 53],
    ["uint32", -1],
    ["uint32", 2 ** 32],
    ["uint64", -1],
    ["uint64", 2 ** 53],
    ["bool", 2],
  ];
  for (const [dtype, value] of wrong) {
    assertThrows(
      () => make(dtype, [0, value]),
      RangeError,
      `Cannot make a tensor of ${dtype} of the number ${value}: it holds whole`,
    );
  }
  const held: [string, number[]][] = [
    ["int32", [-(2 ** 31), 2 ** 31 - 1, -0]],
    ["int64", [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]],
    ["uint32", [0, 2 ** 32 - 1]],
    ["uint64", [0, Number.MAX_SAFE_INTEGER]],
    ["bool", [0, 1]],
    ["float64", [NaN, -Infinity, 0.1]],
  ];
  for (const [dtype, values] of held) {
    assertEquals(
      [...groklab.toNumbers(make(dtype, values))],
      values.map((x) => Object.is(x, -0) ? 0 : x),
    );
  }
});
