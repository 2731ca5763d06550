/** A task of nothing but rows: which they are, and what an input makes of them. */

import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../../lib/base/errors.ts";
import { taskOfRows } from "../../../lib/probes/foreign/split/split_task.ts";

const ROWS = {
  train: { inputs: [[0, 1, 2, 3], [4, 5, 6, 7]], labels: [1, 0] },
  test: { inputs: [[8, 9, 10, 11]], labels: [3] },
};

const given = (shape: readonly (number | string)[], rows: typeof ROWS = ROWS) =>
  taskOfRows(rows, { name: "x", dtype: "float32", shape }, "rows.csv");

Deno.test("test rows stand behind the train rows", () => {
  const task = given(["n", 4]);
  const { train, test } = task.split();
  assertEquals([[...train.rows], [...train.labels]], [[0, 1], [1, 0]]);
  assertEquals([[...test.rows], [...test.labels]], [[2], [3]]);
  assertEquals(task.dataset.classes, 4);
});

Deno.test("one free length is what the rows make of it", () => {
  assertEquals(given(["n", "k", 2]).input.shape, [3, 2, 2]);
  assertEquals(given(["n", "k"]).input.shape, [3, 4]);
  assertEquals(given(["n", 1, 4]).input.shape, [3, 1, 4]);
  for (const shape of [["n", "k", 3], ["n", 5], ["n", "k", "l"], ["n"]]) {
    assertThrows(() => given(shape), UsageError, "a row has 4 numbers");
  }
});
