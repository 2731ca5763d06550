// Overflow in float16 is a series of its own in the chart of scaled weights.

import { assert, assertEquals } from "@std/assert";
import { hostTensorOf } from "../../lib/numeric/tensor.ts";
import { palette } from "../../lib/charts/chart.ts";
import { scalingFigure } from "../../lib/report/figures/measure_figures.ts";
import { contextOf } from "../probes/_contexts.ts";

// The heights of a colour's dots, from left to right.
function heights(svg: string, colour: number): number[] {
  const groups = [...svg.matchAll(/<g [^>]*aria-label="dot"[^>]*>.*?<\/g>/gs)]
    .map(([group]) => group);
  const own = groups.filter((group) => group.includes(palette[colour]!));
  assertEquals(own.length, 1, `${groups.length} groups of dots`);
  return [...own[0]!.matchAll(/cy="([^"]+)"/g)].map(([, y]) => Number(y));
}

Deno.test("rows that overflow do not look like rows that recovered", async () => {
  // logits(a, b) = W[a] + W[5 + b]: of three rows in five they are 40,000 α at one
  // class, of two 10,000 α, and 0 at the others: collapsed at every α, but where
  // they are infinite in float16, beyond 65,504: three fifths of them from α = 2 on.
  const W = Array.from(
    { length: 10 },
    (_, row) => [row >= 5 ? 0 : row < 3 ? 40_000 : 10_000, 0, 0, 0, 0],
  );
  const context = await contextOf({ modulus: 5, hidden: [] }, {
    "layers.0.W": hostTensorOf("float32", [10, 5], W.flat()),
  });
  const { svg, data } = await scalingFigure({ step: 0, context }, "run", "id");
  const column = (name: string) =>
    data!.rows.map((row) => row[data!.columns.indexOf(name)]);
  assertEquals(column("alpha"), [0.5, 1, 2, 4]);
  assertEquals(column("float16_overflow"), [0, 0, 0.6, 0.6]);
  assertEquals(column("float32"), [1, 1, 1, 1]);

  // Of the rows that have a softmax all are collapsed, as in float32.
  const [half, single] = [heights(svg, 0), heights(svg, 1)];
  assertEquals(half, single);
  assertEquals(new Set(half).size, 1);
  const overflow = heights(svg, 3);
  assertEquals(overflow.length, 4);
  const [none, , some] = overflow as [number, number, number];
  assertEquals(overflow, [none, none, some, some]);
  // From 0 at the bottom to all at the top.
  assert(Math.abs((none - some) / (none - half[0]!) - 0.6) < 1e-6);
  assert(svg.includes("overflow in float16"));
});

Deno.test("where all rows overflow float16 has no point", async () => {
  const W = Array.from({ length: 10 }, (_, row) => [
    row >= 5 ? 0 : 20_000,
    ...[0, 0, 0, 0],
  ]);
  const context = await contextOf({ modulus: 5, hidden: [] }, {
    "layers.0.W": hostTensorOf("float32", [10, 5], W.flat()),
  });
  const { svg } = await scalingFigure({ step: 0, context }, "run", "id");
  assertEquals(heights(svg, 0).length, 3);
  assertEquals(heights(svg, 1).length, 4);
  assertEquals(heights(svg, 3).length, 4);
});
