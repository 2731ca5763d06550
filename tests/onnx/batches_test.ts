/** Rows in batches, by a session that writes down what it is given. */

import { assert, assertEquals } from "@std/assert";
import { runInBatches } from "../../lib/onnx/runtime/batches.ts";
import type { Session } from "../../lib/onnx/runtime/session.ts";
import { type HostTensor, hostTensorOf } from "../../lib/numeric/tensor.ts";

/** A session whose output y is x + 1, and its table [[7], [8]] always the same. */
function session(declared: number | string) {
  const given: number[][] = [];
  const opened: Pick<Session, "inputs" | "run"> = {
    inputs: [{ name: "x", dtype: "float32", shape: [declared, 1] }],
    run: (inputs) => {
      const { shape, data } = inputs["x"]!;
      const values = Array.from(data as Float32Array);
      given.push(values);
      assert(given.length < 9, "it never ends");
      const y = hostTensorOf("float32", shape, values.map((x) => x + 1));
      const table = hostTensorOf("float32", [2, 1], [7, 8]);
      return Promise.resolve<Record<string, HostTensor>>({ y, table });
    },
  };
  return { given, session: opened as Session };
}

const rows = (count: number) =>
  hostTensorOf(
    "float32",
    [count, 1],
    Array.from({ length: count }, (_, i) => 10 * (i + 1)),
  );

const cases: [
  what: string,
  declared: number | string,
  count: number,
  given: number[][],
][] = [
  ["free, all at once", "batch", 3, [[10, 20, 30]]],
  ["declared to be 0, all at once", 0, 3, [[10, 20, 30]]],
  ["declared to be 0, in batches", 0, 5, [[10, 20, 30], [40, 50]]],
  ["free, in batches", "batch", 5, [[10, 20, 30], [40, 50]]],
  // The last of as many rows as the others would let a table pass for rows.
  ["free, a multiple", "batch", 6, [[10, 20], [30, 40], [50, 60]]],
  ["fixed, just as many", 4, 4, [[10, 20, 30, 40]]],
  ["fixed, the last filled with its last row", 4, 6, [
    [10, 20, 30, 40],
    [50, 60, 60, 60],
  ]],
  ["fixed, of fewer rows", 4, 1, [[10, 10, 10, 10]]],
  ["fixed to one row", 1, 2, [[10], [20]]],
];

for (const [what, declared, count, wanted] of cases) {
  Deno.test(`a batch that is ${what}`, async () => {
    const { given, session: opened } = session(declared);
    const x = rows(count);
    const { y } = await runInBatches(opened, { x }, ["y"], { rowsAtOnce: 3 });
    assertEquals(given, wanted);
    assertEquals(y, {
      ...x,
      data: Float32Array.from(x.data as Float32Array, (each) => each + 1),
    });
  });
}

Deno.test("a table without rows of a batch is the first batch's", async () => {
  const { session: opened } = session("batch");
  const { table } = await runInBatches(opened, { x: rows(5) }, ["table"], {
    rowsAtOnce: 4,
  });
  assertEquals(table, hostTensorOf("float32", [2, 1], [7, 8]));
});
