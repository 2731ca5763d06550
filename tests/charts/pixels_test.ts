/** Ticks on logarithmic axes, heat maps, and charts as pixels. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { decode } from "fast-png";
import { heatMapSvg, numberTicks } from "../../lib/charts/heat_map.ts";
import { pngOf } from "../../lib/charts/png.ts";
import { logTicks } from "../../lib/charts/ticks.ts";

Deno.test("logTicks() are round numbers inside the values, about seven at most", () => {
  assertEquals(logTicks([10, 500]), [10, 20, 50, 100, 200, 500]);
  assertEquals(logTicks([0, 1e-4, 100_000]), [1e-4, 1e-2, 1, 100, 10_000]);
  assertEquals(logTicks([3, 4]), [3, 4]);
  assertEquals(logTicks([2.02, 4.8]), [3, 4]);
  assertEquals(logTicks([3.04, 3.31]), [3.1, 3.2, 3.3]);
  assertEquals(logTicks([3.01, 3.02]), undefined);
  assertEquals(logTicks([]), undefined);
});

Deno.test("a heat map's cells are pixels, the first row below", () => {
  const svg = heatMapSvg({
    title: "<t>",
    colour: { label: "c", kind: "sequential", domain: [0, 1] },
    panels: [{
      title: "",
      x: { label: "x", ticks: numberTicks(3) },
      y: { label: "y", ticks: numberTicks(2) },
      cells: [[0, 1, NaN], [1, 1, 0]],
    }],
  });
  assertMatch(svg, /&lt;t&gt;/);
  const images = [...svg.matchAll(/href="data:image\/png;base64,([^"]+)"/g)]
    .map(([, base64]) => decode(Uint8Array.fromBase64(base64!)));
  const { width, height, data } = images.at(-1)!;
  assertEquals([width, height], [3, 2]);
  // The ends of viridis, and grey for what is no number.
  const [low, high, gap] = [[68, 1, 84], [253, 231, 37], [190, 190, 190]];
  assertEquals([...data], [high, high, low, low, high, gap].flat());
});

Deno.test("pngOf() draws letters on a machine without fonts", async () => {
  const svg = (text: string) =>
    `<svg xmlns="http://www.w3.org/2000/svg" width="60" height="20" ` +
    `font-family="system-ui, sans-serif"><rect width="60" height="20" ` +
    `fill="#fff"/><text x="2" y="15" fill="#000">${text}</text></svg>`;
  const dark = async (text: string) => {
    const { width, height, channels, data } = decode(await pngOf(svg(text)));
    assertEquals([width, height], [120, 40]);
    return [...data].filter((x, i) => i % channels === 0 && x < 128).length;
  };
  assertEquals(await dark(""), 0);
  assert(await dark("θ ⊥ α") > 50);
});
