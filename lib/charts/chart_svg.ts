/**
 * Charts as SVG. On a white ground, so that they read the same in light and dark
 * pages.
 *
 * @module
 */

import type { Chart } from "./chart.ts";
import { legendOf } from "./legend.ts";
import { PANEL_HEIGHT, panelSvg } from "./panel_svg.ts";
import { sheetSvg } from "./sheet.ts";

/** Draws a chart; the same chart gives the same bytes. */
export function chartSvg(chart: Chart): string {
  return settled(sheetSvg(chart, {
    height: PANEL_HEIGHT + 34,
    head(width) {
      const { svg, height } = legendOf(chart, width);
      return { svg, height: height + 8 };
    },
    panel: panelSvg,
  }));
}

// Plot numbers its clips through the life of the program, and writes
// coordinates with all their digits.
function settled(svg: string): string {
  const ids = new Map<string, string>();
  return svg.replaceAll(/plot-clip-\d+/g, (id) => {
    if (!ids.has(id)) ids.set(id, `clip-${ids.size + 1}`);
    return ids.get(id)!;
  }).replaceAll(
    /="[^"]*\.\d{3}[^"]*"/g,
    (attribute) =>
      attribute.replaceAll(/-?\d+\.\d{3,}/g, (x) => String(+(+x).toFixed(2))),
  );
}
