// What a curve keeps of a run's evaluations, and that every point of it is seen.

import { assert, assertEquals } from "@std/assert";
import type { Point } from "../../lib/charts/chart.ts";
import { chartSvg } from "../../lib/charts/chart_svg.ts";
import { bandOf, thinned } from "../../lib/report/figures/curves.ts";

const run = (values: readonly (number | null)[]) =>
  values.map((loss, i) => ({ step: 10 * i, loss }));

Deno.test("a band is the median between the least and the most", () => {
  const runs = [run([4, 1]), run([2, null]), run([1, 5]), run([8, 3])];
  assertEquals(bandOf(runs, "loss"), [
    // Of four the mean of the two in the middle.
    { x: 0, y: 3, low: 1, high: 8 },
    { x: 10, y: 3, low: 1, high: 5 },
  ]);
  // One run has no band; runs that ended go on without.
  assertEquals(bandOf([run([7])], "loss"), [{ x: 0, y: 7 }]);
  const uneven = bandOf([run([1, 2, 3]), run([5, 6])], "loss");
  assertEquals(uneven.map(({ y }) => y), [3, 4, 3]);
});

Deno.test("thinning keeps spikes up and down, and the order", () => {
  const points: Point[] = Array.from({ length: 20_000 }, (_, i) => ({
    x: i + 1,
    y: i === 15_003 ? 9 : i === 15_010 ? -9 : Math.sin(i),
  }));
  const left = thinned(points);
  assert(left.length <= 2 * 301, `${left.length}`);
  assertEquals(left.filter(({ y }) => Math.abs(y) === 9).map(({ x }) => x), [
    15_004,
    15_011,
  ]);
  assertEquals(left, left.toSorted((a, b) => a.x - b.x));
  // Few points are all kept, but step 0 beside others, which has no logarithm.
  const few = [0, 1, 2, 900].map((x) => ({ x, y: 1 }));
  assertEquals(thinned(few), few.slice(1));
  assertEquals(thinned(few.slice(0, 1)), few.slice(0, 1));
});

// How many dots a chart of a line has.
function dotsOf(points: readonly Point[], scale: "linear" | "log" = "log") {
  const svg = chartSvg({
    title: "t",
    panels: [{
      title: "",
      x: { label: "step", scale },
      y: { label: "loss", scale: "log" },
      series: [{ name: "", colour: 0, points }],
    }],
  });
  return svg.match(/<circle/g)?.length ?? 0;
}

Deno.test("a point without neighbours is a dot", () => {
  const at = (x: number, y = 1) => ({ x, y });
  assertEquals(dotsOf([at(1), at(2), at(3)]), 0);
  // One evaluation; points between gaps; what a logarithm leaves alone.
  assertEquals(dotsOf([at(10)]), 1);
  assertEquals(dotsOf([at(1), at(2, NaN), at(3), at(4, NaN), at(5)]), 3);
  assertEquals(dotsOf([at(1), at(2, 0), at(3), at(4)]), 1);
  assertEquals(dotsOf([at(0), at(10)]), 1);
  assertEquals(dotsOf([at(0)]), 1);
  assertEquals(dotsOf([at(0), at(10)], "linear"), 0);
  // A loss of 0 alone.
  assertEquals(dotsOf([at(10, 0)]), 1);
});

Deno.test("a point without neighbours has its band as a bar", () => {
  const svg = chartSvg({
    title: "t",
    panels: [{
      title: "",
      x: { label: "step", scale: "log" },
      y: { label: "loss" },
      series: [{
        name: "",
        colour: 0,
        points: [{ x: 10, y: 2, low: 1, high: 3 }],
      }],
    }],
  });
  assert(svg.includes('stroke-opacity="0.4"'), svg);
});
