/** What a row's tokens are, and how an input of a declared shape reads them. */

import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../../lib/base/errors.ts";
import {
  inputEncodingsOf,
  inputOf,
  tokensOf,
} from "../../../lib/probes/foreign/signature/input_encoding.ts";

Deno.test("= is the token behind the residues, whatever else is a number", () => {
  assertEquals(tokensOf("a, b,=", 7), ["a", "b", 7]);
  assertEquals(tokensOf("3,b,a", 7), [3, "b", "a"]);
  for (const bad of ["a", "a,b,", "a,b,-1", "a,b,1.5", "", "1,2"]) {
    assertThrows(() => tokensOf(bad, 7), UsageError, "--tokens must be");
  }
});

const read = (
  dtype: string,
  shape: readonly (number | string)[],
  text?: string,
) =>
  inputEncodingsOf("file", { name: "x", dtype, shape }, 5, text)
    .map(({ row, as, width, ones }) => [row.join(), as, width, ones]);

Deno.test("what an input declares says how it reads rows", () => {
  const three = "a,b,5";
  assertEquals(read("int64", ["n", 2]), [["a,b", "tokens", 5, 0]]);
  assertEquals(read("int64", ["n", 3]), [[three, "tokens", 6, 0]]);
  assertEquals(read("int64", ["n", 2, 1]), [["a,b", "tokens", 5, 1]]);
  // As wide as the vocabulary, or wider, is one-hot.
  assertEquals(read("float32", ["n", 2, 5]), [["a,b", "one-hot rows", 5, 0]]);
  assertEquals(read("float32", ["n", 2, 6]), [["a,b", "one-hot rows", 6, 0]]);
  assertThrows(() => read("float32", ["n", 2, 4]), UsageError);
  const side = "one-hot side by side";
  assertEquals(read("float32", ["n", 10]), [["a,b", side, 5, 0]]);
  assertEquals(read("float32", ["n", 12]), [["a,b", side, 6, 0]]);
  assertThrows(() => read("float32", ["n", 8]), UsageError);
  assertThrows(() => read("float32", ["n", 11]), UsageError);
  assertEquals(read("float32", ["n", 18], "a,b,="), [[three, side, 6, 0]]);
});

Deno.test("one-hot rows have a 1 where the token is", () => {
  const reading = {
    row: ["a", "b"] as const,
    dtype: "float32" as const,
    width: 3,
    ones: 0,
  };
  const data = [0, 0, 1, 1, 0, 0];
  const rows = inputOf([[2, 0]], { ...reading, as: "one-hot rows" });
  assertEquals([rows.shape, [...rows.data]], [[1, 2, 3], data]);
  const side = inputOf([[2, 0]], { ...reading, as: "one-hot side by side" });
  assertEquals([side.shape, [...side.data]], [[1, 6], data]);
});
