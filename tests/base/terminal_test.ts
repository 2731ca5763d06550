/** Numbers, tables and trees, which everything is printed and named with. */

import { assertEquals } from "@std/assert";
import { percent, short, table } from "../../lib/base/terminal.ts";
import { leavesOf, mapTree, treeOf } from "../../lib/base/tree.ts";

Deno.test("percent() has one digit behind the point", () => {
  assertEquals([0, 0.12345, 1, 1.5, NaN].map((x) => percent(x)), [
    ...["0.0 %", "12.3 %", "100.0 %", "150.0 %", "NaN %"],
  ]);
});

Deno.test("percent(): what is not all is not 100 %, what is something not 0 %", () => {
  const cases: [x: number, text: string, whole: string][] = [
    [0.99949, "99.9 %", "99.95 %"],
    [0.9996, "99.96 %", "99.96 %"],
    [8835 / 8836, "99.99 %", "99.99 %"],
    [1 - Number.EPSILON, "99.99 %", "99.99 %"],
    [1, "100.0 %", "100 %"],
    [0.006, "0.6 %", "1 %"],
    [0.0004, "0.04 %", "0.04 %"],
    [1 / 8836, "0.01 %", "0.01 %"],
    [3.2e-9, "3e-7 %", "3e-7 %"],
    [-1e-5, "-0.001 %", "-0.001 %"],
    [-0, "0.0 %", "0 %"],
  ];
  for (const [x, text, whole] of cases) {
    assertEquals([percent(x), percent(x, 0)], [text, whole], String(x));
  }
});

Deno.test("short() has four significant digits, whole numbers all of theirs", () => {
  const cases: [number | null | undefined, string][] = [
    [null, "–"],
    [undefined, "–"],
    [0, "0"],
    [-0, "0"],
    [999_999, "999999"],
    [1_000_000, "1.000e+6"],
    [-12, "-12"],
    [1.23456, "1.235"],
    [99_949, "99949"],
    [99_949.5, "9.995e+4"],
    [0.001, "0.001000"],
    [0.00099, "9.900e-4"],
    [123_456.7, "1.235e+5"],
    [NaN, "NaN"],
    [Infinity, "Infinity"],
  ];
  for (const [x, text] of cases) assertEquals(short(x), text, String(x));
});

Deno.test("table() pads every column but the last to its widest cell", () => {
  assertEquals(table([["a", "bcd", "e"], ["fgh", "", "ij"], ["", "k", ""]]), [
    "a    bcd  e",
    "fgh       ij",
    "     k",
  ]);
  assertEquals(table([]), []);
});

Deno.test("leavesOf() and treeOf() are each other's inverse, depth first", () => {
  const tree = { b: { x: 1, a: { y: 2 } }, a: 3 };
  const leaves = leavesOf<number>(tree);
  assertEquals(leaves, [["b.x", 1], ["b.a.y", 2], ["a", 3]]);
  assertEquals(treeOf(leaves), tree);
  assertEquals(
    mapTree<number, string, typeof tree>(tree, (x, path) => `${path}=${x}`),
    { b: { x: "b.x=1", a: { y: "b.a.y=2" } }, a: "a=3" },
  );
  // A description of a tensor is a leaf, though it is a plain object.
  const spec = { shape: [2], dtype: "float32" };
  assertEquals(leavesOf({ w: spec }), [["w", spec]]);
});
