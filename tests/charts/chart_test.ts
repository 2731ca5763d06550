import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Chart, palette } from "../../lib/charts/chart.ts";
import { chartSvg } from "../../lib/charts/chart_svg.ts";

const points = [1, 10, 100].map((x) => ({
  x,
  y: x / 100,
  low: x / 200,
  high: x / 90,
}));

const chart: Chart = {
  title: "One < two & three",
  panels: [
    {
      title: "left",
      x: { label: "step", scale: "log" },
      y: { label: "share (%)", percent: true, domain: [0, 1] },
      series: [
        { name: "median", colour: 0, points },
        { name: "others", colour: 1, line: "dashed", points },
      ],
      published: [{ x: 10, y: 0.5, colour: 0 }, { y: 0.9, colour: 1 }],
    },
    {
      title: "right",
      x: { label: "step" },
      y: { label: "loss (nats)", scale: "log" },
      series: [{
        name: "dots",
        colour: 2,
        line: "none",
        points: [{ x: 1, y: 0 }, { x: 2, y: 1 }, { x: 3, y: 10 }, {
          x: 4,
          y: NaN,
        }],
      }],
    },
  ],
};

const count = (svg: string, pattern: RegExp) =>
  [...svg.matchAll(pattern)].length;

Deno.test("chartSvg() draws the same bytes again", () => {
  assert(chartSvg(chart) === chartSvg(chart));
});

Deno.test("chartSvg() has a legend of everything that is drawn, once", () => {
  const svg = chartSvg(chart);
  for (
    const entry of [
      "median",
      "others",
      "dots",
      "published",
      "published level or step",
      "band: least to most over the seeds",
    ]
  ) assertEquals(count(svg, new RegExp(`>${entry}</text>`, "g")), 1, entry);
  const [left] = chart.panels;
  const bare = chartSvg({
    ...chart,
    panels: [{
      ...left!,
      published: [],
      series: [{ name: "one", colour: 0, points: [{ x: 1, y: 1 }] }],
    }],
  });
  assert(!/published|band:/.test(bare));
});

Deno.test("chartSvg() labels axes, escapes text and stands by itself", () => {
  const svg = chartSvg(chart);
  for (const label of ["share (%)", "loss (nats)", "left", "right"]) {
    assertStringIncludes(svg, `>${label}</text>`);
  }
  assertStringIncludes(svg, ">One &lt; two &amp; three</text>");
  assert(
    !/NaN|undefined|<style|class=|currentcolor/i.test(
      svg.replaceAll('fill="currentColor"', "").replaceAll(
        'stroke="currentColor"',
        "",
      ),
    ),
  );
  assertStringIncludes(svg, palette[1]!);
});

Deno.test("chartSvg() leaves out what a logarithmic axis cannot show", () => {
  const svg = chartSvg(chart);
  const dots = new RegExp(`<circle[^>]*r="2.5"`, "g");
  assertEquals(count(svg, dots), 2, "0 and NaN are left out");
});

Deno.test("0 is on no logarithmic axis: it is drawn as a gap is", () => {
  for (const line of ["none", "dashed"] as const) {
    const withFirst = (first: { x: number; y: number }) =>
      chartSvg({
        title: "loss",
        panels: [{
          title: "of all",
          x: { label: "step", scale: "log" },
          y: { label: "loss (nats)", scale: "log" },
          series: [{
            name: "runs",
            colour: 0,
            line,
            points: [first, { x: 2, y: 1 }, { x: 3, y: 10 }],
          }],
        }],
      });
    const svg = withFirst({ x: 1, y: 0 });
    assert(!/NaN|Infinity/.test(svg), line);
    assertEquals(svg, withFirst({ x: 1, y: NaN }));
  }
});
